/** How a request is made: within limits of time and number, tried again where that is safe, and timed by its answers. */
import { StorageError } from '../../src/storage/index.ts'
import { below } from './chance.ts'
import type { Driver, DriverSource } from './client.ts'
import type { ServiceClock } from './clock.ts'
import { errorFor, FalseCondition, meaningOf } from './errors.ts'
import { type Gate, gate } from './gate.ts'
import { closeIdle } from './idle.ts'
import { delay, monotonic, within } from './time.ts'

/** The SDK opens 50 sockets for each client; the app has use for some of them. */
const REQUESTS_MAX = 32

const TRIES_MAX = 12
/** A try with less than this part of the whole time left could only time out, and make unknown what was known. */
const LEAST_PART = 0.1

const WAIT_LEAST_MS = 25
const WAIT_MOST_MS = 2_000

/** A command of the SDK, as far as a listener is put into it. */
interface Timed {
  readonly middlewareStack: { add(middleware: never, options: { step: 'deserialize'; name: string }): void }
}

/** Makes one try of a request. `timed` goes around its command. */
export type Attempt<Output> = (
  driver: Driver,
  timed: <Command extends Timed>(command: Command) => Command,
  options: { readonly abortSignal: AbortSignal },
) => Promise<Output>

/** `writes`: whether the request can have written something when its answer is lost. */
export type Requests = <Output>(writes: boolean, attempt: Attempt<Output>) => Promise<Output>

/**
 * Every write here knows itself when it is repeated, so a lost answer is asked for again. What a false condition means is
 * for the caller to say.
 */
export function requestsOver(
  source: DriverSource,
  clock: ServiceClock,
  table: string,
  timeoutMs: number,
  isOpen: () => boolean,
  places: Gate = gate(REQUESTS_MAX),
): Requests {
  async function tried<Output>(writes: boolean, attempt: Attempt<Output>): Promise<Output> {
    const driver = await source.open()
    const startedAt = monotonic()
    // The SDK repeats requests by itself: what became of each try is heard here, and only the last one's error comes out.
    let isUnknown = false
    const timed = listeningTo(clock, () => {
      isUnknown = true
    })
    for (let tries = 1; ; tries++) {
      const leftMs = timeoutMs - (monotonic() - startedAt)
      try {
        // The first try takes half of the time at most, so that a silent connection leaves time for another one.
        const limitMs = Math.max(1, Math.ceil(tries === 1 ? timeoutMs / 2 : leftMs))
        return await within(limitMs, (abortSignal) => attempt(driver, timed, { abortSignal }))
      } catch (error) {
        const meaning = meaningOf(error)
        if (meaning === 'condition') throw new FalseCondition(error, isUnknown)
        if (meaning === 'lost') {
          isUnknown = true
          closeIdle(driver, error)
        }
        const waitMs = below(Math.min(WAIT_MOST_MS, WAIT_LEAST_MS * 2 ** tries)) + 1
        const isOver = tries === TRIES_MAX || monotonic() - startedAt + waitMs > timeoutMs * (1 - LEAST_PART)
        if (isOver || (meaning !== 'refused' && meaning !== 'lost')) throw errorFor(error, table, writes && isUnknown)
        await delay(waitMs)
        if (!isOpen()) throw errorFor(error, table, writes && isUnknown)
      }
    }
  }

  return (writes, attempt) => places(() => tried(writes, attempt))
}

/**
 * Listens in each command, not in the client: that is the app's, and what is put into it stays there for everybody.
 * This step lies inside the SDK's own repetitions, so that each of them is heard for itself.
 */
function listeningTo(clock: ServiceClock, lost: () => void): <Command extends Timed>(command: Command) => Command {
  const listener = (next: (args: unknown) => Promise<Answered>) => async (args: unknown) => {
    const sentAt = monotonic()
    try {
      const answer = await next(args)
      clock.sample(sentAt, monotonic(), answer.response?.headers?.date)
      if ((answer.response?.statusCode ?? 0) >= 500) lost()
      return answer
    } catch (error) {
      if (meaningOf(error) === 'lost') lost()
      throw error
    }
  }
  return (command) => {
    command.middlewareStack.add(listener as never, { step: 'deserialize', name: 'pieceworkListener' })
    return command
  }
}

interface Answered {
  readonly response?: { readonly statusCode?: number; readonly headers?: Record<string, string> }
}

/**
 * One request for each thing, side by side, answers by position. Where some fail and some do not, the whole cannot be
 * said to have done nothing: the error then names what may be undone.
 */
export async function sideBySide<Thing extends { readonly id: string }, Answer>(
  things: readonly Thing[],
  request: (thing: Thing) => Promise<Answer>,
): Promise<Answer[]> {
  const outcomes = await Promise.allSettled(things.map(request))
  const failed = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ id: things[at]?.id, reason: outcome.reason as unknown }] : [],
  )
  const [first] = failed
  if (first === undefined) return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<Answer>).value)
  const didNothing = failed.length === outcomes.length && failed.every(({ reason }) => reason instanceof StorageError)
  if (didNothing || failed.some(({ reason }) => reason instanceof StorageError && reason.code === 'closed'))
    throw first.reason
  const ids = failed.map(({ id }) => id)
  const named = ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more` : ids.join(', ')
  const about = first.reason instanceof Error ? first.reason.message : String(first.reason)
  throw new Error(`${ids.length} of ${things.length} rows failed (${named}): ${about}`, { cause: first.reason })
}
