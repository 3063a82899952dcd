/** Rows of one's own table, until all have ended: by a row dispatcher, and by the loop that it takes the place of. */
import { byHand as byHandPostgres, dispatch as dispatchPostgres } from '../contenders/rows-postgres.ts'
import { byHand as byHandSqlite, dispatch as dispatchSqlite } from '../contenders/rows-sqlite.ts'
import type { Scenario } from '../scenario.ts'

const about = 'rows that nobody has begun with, reserved, started and ended, with a body that does nothing'

export const rowsPostgres: Scenario = {
  name: 'rows-postgres',
  about,
  countOf: (tasks) => tasks / 5,
  server: 'postgres',
  groups: [
    {
      title: 'one process',
      references: ['by hand, 5 at once', 'by hand, 100 at once'],
      contenders: [
        { name: 'piecework, queue 5, 10 at once', measure: dispatchPostgres(5, 10) },
        { name: 'piecework, queue 100, 100 at once', measure: dispatchPostgres(100, 100) },
        { name: 'by hand, 5 at once', measure: byHandPostgres(5) },
        { name: 'by hand, 100 at once', measure: byHandPostgres(100) },
      ],
    },
  ],
}

export const rowsSqlite: Scenario = {
  name: 'rows-sqlite',
  about,
  countOf: (tasks) => tasks / 5,
  groups: (['normal', 'full'] as const).map((synchronous) => ({
    title: `synchronous ${synchronous.toUpperCase()}`,
    references: ['by hand, 5 at once', 'by hand, 100 at once'],
    contenders: [
      { name: 'piecework, queue 5, 10 at once', measure: dispatchSqlite(synchronous, 5, 10) },
      { name: 'piecework, queue 100, 100 at once', measure: dispatchSqlite(synchronous, 100, 100) },
      { name: 'by hand, 5 at once', measure: byHandSqlite(synchronous, 5) },
      { name: 'by hand, 100 at once', measure: byHandSqlite(synchronous, 100) },
    ],
  })),
}
