/** What a process of a race over rows is told, and what it notes: the same for every kind of source. */

/** Where the rows are: the table has the columns of `pages.ts`, and it is made and filled by the test. */
export interface RacePlace {
  /** A key of the table in `sources.ts`. */
  readonly kind: string
  /** A file or a URL. */
  readonly at: string
  readonly table: string
}

export interface RaceOrder {
  readonly place: RacePlace
  /** A file to which every process appends its {@link RaceNote}s, as lines. */
  readonly log: string
  readonly seed: number
  readonly concurrency: number
  /** How long a body takes on average. */
  readonly bodyMs: number
  readonly startWithinMs: number
  readonly maxDurationMs: number
  /** How many bodies of a hundred throw, and how many run on until they are aborted. */
  readonly failures: number
  readonly overruns: number
}

/** `+`: a body began; `-`: it ended well by itself; the others are events of the same name. */
export interface RaceNote {
  readonly what: '+' | '-' | 'started' | 'completed' | 'retrying' | 'failed' | 'lost' | 'gone' | 'expired'
  readonly pid: number
  readonly id: string
  /** Which start of the row it is. */
  readonly attempt: number
}

export function noteLine({ what, pid, id, attempt }: RaceNote): string {
  return `${what} ${pid} ${attempt} ${id}\n`
}

export function notesIn(text: string): RaceNote[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [what = '', pid, attempt, ...id] = line.split(' ')
      return { what: what as RaceNote['what'], pid: Number(pid), attempt: Number(attempt), id: id.join(' ') }
    })
}
