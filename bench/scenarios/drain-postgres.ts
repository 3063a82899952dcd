/** Tasks that are in a Postgres database already, until all are done. */
import { drain as drainGraphile } from '../contenders/graphile-worker.ts'
import { drain as drainPgBoss } from '../contenders/pg-boss.ts'
import { drain } from '../contenders/piecework.ts'
import { onPostgres } from '../contenders/piecework-postgres.ts'
import { drain as drainRaw } from '../contenders/raw-postgres.ts'
import type { Scenario } from '../scenario.ts'

export const drainPostgres: Scenario = {
  name: 'drain-postgres',
  about:
    'no-op tasks that are already in Postgres, until all are done; ours, pg-boss and the raw loop keep what is done',
  countOf: (tasks) => tasks,
  server: 'postgres',
  groups: [
    {
      title: 'one process',
      references: ['graphile-worker', 'pg-boss', 'raw loop'],
      contenders: [
        { name: 'piecework, 10 at once', measure: drain(onPostgres, 10) },
        { name: 'piecework, 100 at once', measure: drain(onPostgres, 100) },
        { name: 'graphile-worker', measure: drainGraphile() },
        { name: 'pg-boss', measure: drainPgBoss },
        { name: 'raw loop', measure: drainRaw },
      ],
    },
  ],
}
