/** `model()`: random histories on an adapter and on the oracle, compared answer by answer and row by row. */
import { strict as assert } from 'node:assert'
import { byPosition } from './by-position.ts'
import { compared, follow, sameWorld } from './model-compare.ts'
import { callOf, freshMemory, NUMBERS, type Step } from './model-steps.ts'
import { oracle } from './oracle.ts'
import { chosenSeed } from './random.ts'
import { type Create, type Test, withSubject } from './subject.ts'

export interface ModelOptions {
  readonly test: Test
  /** Makes an empty storage, called afresh for every history. */
  readonly create: Create
  /** How many histories. @default 1000 */
  readonly histories?: number
  /** Repeats a run. @default `PIECEWORK_SEED`, else a new one each time */
  readonly seed?: number
  /** With the seed, goes straight to the history that failed. @default `PIECEWORK_PATH`, else all of them */
  readonly path?: string
  /** Looks for the shortest history that fails; `false` reports the first one as it is. @default true */
  readonly shrink?: boolean
}

const STEPS_MAX = 40

/** Declares one test: in any history an adapter answers as the oracle does, and holds the same rows after every step. */
export function model({ test, create, histories = 1_000, seed, path, shrink = true }: ModelOptions): void {
  test(`model - P-DIFF ${histories} random histories leave the adapter and the oracle with the same answers and rows`, async () => {
    // Imported here, so that whoever runs only the named cases does not need it.
    const { default: fc } = await import('fast-check').catch((cause: unknown) => {
      throw new Error('Install `fast-check` to use model() of piecework/conformance', { cause })
    })
    const chosen = chosenSeed(seed, () => fc.sample(fc.nat(), 1)[0]!)
    const chosenPath = path ?? process.env.PIECEWORK_PATH
    console.log(`model: seed ${chosen} (PIECEWORK_SEED=${chosen} repeats it)`)
    const verbs = [
      'insert',
      'insert',
      'claim',
      'claim',
      'extend',
      'apply',
      'apply',
      'apply',
      'repeat',
      'find',
      'count',
      'wait',
    ] as const
    const anyStep: import('fast-check').Arbitrary<Step> = fc.record({
      verb: fc.constantFrom(...verbs),
      many: fc.integer({ min: 1, max: 4 }),
      numbers: fc.array(fc.nat({ max: 5_039 }), { minLength: NUMBERS, maxLength: NUMBERS, size: 'max' }),
    })
    const anyHistory = fc.array(anyStep, { minLength: 5, maxLength: STEPS_MAX, size: 'max' })
    const property = fc.asyncProperty(anyHistory, (steps) =>
      withSubject(byPosition(create), ({ storage }) => follow(storage, steps)),
    )
    const parameters = {
      seed: chosen,
      numRuns: histories,
      endOnFailure: !shrink,
      ...(chosenPath ? { path: chosenPath } : {}),
    }
    const result = await fc.check(property, parameters)
    if (!result.failed) return
    const again = `PIECEWORK_SEED=${result.seed} PIECEWORK_PATH=${result.counterexamplePath}`
    const history = result.counterexample ? await retold(result.counterexample[0]) : 'no history'
    const cause = result.errorInstance instanceof Error ? result.errorInstance : new Error(String(result.errorInstance))
    throw new assert.AssertionError({ message: `${cause.message}\n${history}\nRepeat with ${again}` })
  })
}

/** The history as calls, for the one who has to understand it. */
async function retold(steps: readonly Step[]): Promise<string> {
  const [right, mirror] = [oracle(), oracle()]
  const memory = freshMemory()
  const lines: string[] = []
  for (const step of steps) {
    const call = callOf(step, memory)
    lines.push(call === null ? `time goes on to ${memory.now}` : JSON.stringify(call))
    if (call !== null) await compared(call, mirror, right, memory)
    await sameWorld(step.verb, mirror, right, memory)
  }
  return lines.map((line, index) => `${index + 1}. ${line}`).join('\n')
}
