/** Tasks that are in a MongoDB database already, until all are done. */
import { drain as drainAgenda } from '../contenders/agenda.ts'
import { drain } from '../contenders/piecework.ts'
import { onMongo } from '../contenders/piecework-mongo.ts'
import { drain as drainRaw } from '../contenders/raw-mongo.ts'
import type { Scenario } from '../scenario.ts'

export const drainMongo: Scenario = {
  name: 'drain-mongo',
  about: 'no-op tasks that are already in MongoDB, until all are done; all keep what is done',
  countOf: (tasks) => Math.ceil((tasks * 2) / 5),
  server: 'mongo',
  groups: [
    {
      title: 'one process',
      references: ['agenda', 'raw loop'],
      contenders: [
        { name: 'piecework, 10 at once', measure: drain(onMongo, 10) },
        { name: 'piecework, 100 at once', measure: drain(onMongo, 100) },
        { name: 'agenda', share: 1 / 20, measure: drainAgenda },
        { name: 'raw loop', measure: drainRaw },
      ],
    },
  ],
}
