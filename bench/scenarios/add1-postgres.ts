/** Single adds into Postgres, as an app's request handlers make them. */
import { addSingly as addSinglyGraphile } from '../contenders/graphile-worker.ts'
import { warmUp } from '../contenders/lanes.ts'
import { addSingly as addSinglyPgBoss } from '../contenders/pg-boss.ts'
import { addSingly } from '../contenders/piecework.ts'
import { onPostgres } from '../contenders/piecework-postgres.ts'
import { addCoalesced } from '../contenders/raw-postgres.ts'
import type { Scenario } from '../scenario.ts'

const inFlight = 100

/** Of those that store each by itself. */
const share = 1 / 5

export const add1Postgres: Scenario = {
  name: 'add1-postgres',
  about: `single adds into Postgres, ${inFlight} in flight; each resolves once it is stored`,
  countOf: (tasks) => Math.ceil(tasks / 5),
  server: 'postgres',
  groups: [
    {
      title: 'one process',
      references: ['graphile-worker', 'pg-boss', 'raw, coalesced'],
      contenders: [
        { name: 'piecework', measure: addSingly(onPostgres, inFlight, warmUp) },
        { name: 'graphile-worker', share, measure: addSinglyGraphile(inFlight) },
        { name: 'pg-boss', share, measure: addSinglyPgBoss(inFlight) },
        { name: 'raw, coalesced', measure: addCoalesced(inFlight) },
      ],
    },
  ],
}
