/** A drain beside a great many rows that are not due: what a queue looks like once it has lived. */
import { type Crowd, crowdOf } from '../contenders/crowd-postgres.ts'
import { drain as drainGraphile } from '../contenders/graphile-worker.ts'
import { drain } from '../contenders/piecework.ts'
import { onPostgres } from '../contenders/piecework-postgres.ts'
import type { Contender, Scenario } from '../scenario.ts'

const million = 1_000_000

export const crowdedPostgres: Scenario = {
  name: 'crowded-postgres',
  about: 'the drain of drain-postgres beside rows of the same name that are not due, and in a table that has none',
  countOf: (tasks) => Math.ceil((tasks * 2) / 5),
  server: 'postgres',
  groups: [
    {
      title: 'piecework, 10 at once',
      references: ['piecework alone'],
      contenders: [
        { name: 'piecework alone', measure: drain(onPostgres, 10) },
        beside('finished', million),
        beside('future', million),
        beside('future and more urgent', million),
        beside('waiting for a retry', million / 10),
      ],
    },
    {
      title: 'graphile-worker',
      references: ['graphile-worker alone'],
      contenders: [
        { name: 'graphile-worker alone', measure: drainGraphile() },
        graphileBeside('future', 0),
        graphileBeside('future and more urgent', -1),
      ],
    },
  ],
}

function beside(crowd: Crowd, count: number): Contender {
  return {
    name: `piecework beside ${named(count)} ${crowd}`,
    measure: drain(onPostgres, 10, crowdOf(crowd, count)),
  }
}

function graphileBeside(crowd: Crowd, priority: number): Contender {
  return {
    name: `graphile-worker beside ${named(million)} ${crowd}`,
    measure: drainGraphile({ future: million, priority }),
  }
}

function named(count: number): string {
  return count.toLocaleString('en-US')
}
