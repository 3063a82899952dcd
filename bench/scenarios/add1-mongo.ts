/** Single adds into MongoDB, as an app's request handlers make them. */
import { addSingly as addSinglyAgenda } from '../contenders/agenda.ts'
import { warmUp } from '../contenders/lanes.ts'
import { addSingly } from '../contenders/piecework.ts'
import { onMongo } from '../contenders/piecework-mongo.ts'
import { addCoalesced } from '../contenders/raw-mongo.ts'
import type { Scenario } from '../scenario.ts'

const inFlight = 100

export const add1Mongo: Scenario = {
  name: 'add1-mongo',
  about: `single adds into MongoDB, ${inFlight} in flight; each resolves once it is stored`,
  countOf: (tasks) => Math.ceil(tasks / 5),
  server: 'mongo',
  groups: [
    {
      title: 'one process',
      references: ['agenda', 'raw, coalesced'],
      contenders: [
        { name: 'piecework', measure: addSingly(onMongo, inFlight, warmUp) },
        // It stores each by itself.
        { name: 'agenda', share: 1 / 5, measure: addSinglyAgenda(inFlight) },
        { name: 'raw, coalesced', measure: addCoalesced(inFlight) },
      ],
    },
  ],
}
