/** Two processes on one table, of which one dies, stands still or is cut off at each of its source calls in turn. */
import { describe, expect, test, vi } from 'vitest'
import * as chance from '../jobs/chance.ts'
import { drain, stopAll } from './modelling/drain.ts'
import type { RowFault } from './modelling/process.ts'
import { type Death, type RowPlan, RowWorld, type Step, type WorldPlan } from './modelling/world.ts'

vi.mock('../../src/runner/randomness.ts', () => chance)

const takes = (tookMs: number, ...course: Step[]): RowPlan => ({ course, tookMs })
const plan: WorldPlan = {
  rows: [takes(500), takes(0, 'bad', 'good'), takes(0, 'fatal'), takes(700), takes(0), takes(15_000), takes(200)],
  queueSize: 2,
  maxTries: 2,
  concurrency: 2,
  retryDelayMs: 0,
  functions: 'none',
}

type End = Omit<Death, 'nth'> | { readonly how: 'strike'; readonly fault: RowFault }

/** The first process has its end at its nth call; a second one begins beside it; the user does what users do. */
async function live(end: End, nth: number, retryDelayMs: number): Promise<{ world: RowWorld; isMet: boolean }> {
  chance.reseed(7)
  const world = new RowWorld({ ...plan, retryDelayMs })
  const { clock } = world
  const isStrike = end.how === 'strike'
  if (isStrike) world.faults = [...new Array<RowFault>(nth - 1).fill('pass'), end.fault]
  else world.deaths = [{ ...end, nth }]
  const one = world.spawn()
  one.start()
  await clock.tick('600ms')
  world.update(0)
  // It stops and begins again, if it still can.
  one.stop(100)
  await clock.tick('500ms')
  one.start()
  await clock.tick('700ms')
  const isMet = Object.keys(world.ledger.met).some((what) => /^(?:kill|freeze|fault|a late) ?/.test(what))
  world.spawn().start()
  world.remove(world.rows.length - 1)
  await clock.tick('9s')
  return { world, isMet }
}

const ends: Readonly<Record<string, End>> = {
  'it dies before': { how: 'kill', when: 'before' },
  'it dies after': { how: 'kill', when: 'after' },
  'it stands still before': { how: 'freeze', when: 'before' },
  'it stands still after': { how: 'freeze', when: 'after' },
  'it fails at': { how: 'strike', fault: 'before' },
  'it gets no answer to': { how: 'strike', fault: 'after' },
  'it gets a late answer to': { how: 'strike', fault: 9_000 },
  'it is slow with': { how: 'strike', fault: -9_000 },
}
const delays = { 'it dies after': 2_000, 'it stands still after': 2_000, 'it gets no answer to': 9_000 } as const

describe('P-RESERVE P-STOP each row ends', () => {
  test.each([...Object.keys(ends).map((name) => [name, 0] as const), ...Object.entries(delays)])(
    'when %s each of its calls in turn, with a retryDelay of %i ms',
    async (name, retryDelayMs) => {
      let nth = 1
      for (; ; nth++) {
        const { world, isMet } = await live(ends[name]!, nth, retryDelayMs)
        // It makes no more calls than that.
        if (!isMet) break
        await drain(world)
          .then(() => stopAll(world))
          .catch((error: Error) => {
            error.message = `call ${nth}: ${error.message}`
            throw error
          })
      }
      expect(nth).toBeGreaterThan(12)
    },
  )
})
