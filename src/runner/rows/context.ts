/** What the body of a row dispatcher is given. */

export interface RowContext<Row> {
  /** The user's row as it was when it was reserved, all of its columns. */
  readonly row: Row
  /** Its primary key as text. */
  readonly id: string
  /** The dispatcher's name. */
  readonly name: string
  /** Which start of the row this is: 1 for the first. */
  readonly attempt: number
  /**
   * The fence: fresh for each reservation. A write to the row on condition of this id, in the column that the source
   * names, is refused once the row is somebody else's.
   */
  readonly reservationId: string
  /** Aborts when the row ran over its time, when it was taken back or deleted, and when a stop's patience is over. */
  readonly signal: AbortSignal
}
