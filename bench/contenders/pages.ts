/** The table that row dispatchers and those who do it by hand work on: pages, with the five columns and their indexes. */
export const columns = {
  table: 'webpage',
  id: 'id',
  reservationId: 'reservation_id',
  reservationTime: 'reservation_time',
  reservationTimes: 'reservation_times',
  startTime: 'start_time',
  endTime: 'end_time',
} as const

/** With what tells the time in the columns of instants. */
export function tableOf(integer: 'bigint' | 'integer', instant: string): readonly string[] {
  return [
    `create table webpage (id ${integer} primary key, url text not null, reservation_id text, reservation_time ${instant},
       reservation_times ${integer}, start_time ${instant}, end_time ${instant})`,
    `create index webpage_due on webpage (coalesce(reservation_times, 0), id)
       where reservation_id is null and end_time is null`,
    `create index webpage_held on webpage (reservation_time) where reservation_id is not null and end_time is null`,
  ]
}
