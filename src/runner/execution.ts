/** Runs one attempt's handler to a verdict, whatever the handler does: throw null, ignore its signal, never end. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Instant } from '../core/duration.ts'
import { FatalError, LeaseLostError, StoppingError, TimeoutError } from '../core/errors.ts'
import { type Outcome, readAnswer } from '../core/outcome.ts'
import { definitionName } from '../core/part.ts'
import { copyOf } from '../core/payload.ts'
import type { Verdict } from '../core/task.ts'
import { inputOf } from '../storage/codec.ts'
import { type Attempt, AttemptContext, Snooze, Unstorable } from './attempt.ts'
import type { Deadlines } from './deadlines.ts'
import type { Notifier } from './events.ts'
import { PartAttemptContext, ReduceAttemptContext } from './jobs/context.ts'
import { complete, recurs } from './recurrence.ts'
import { validate } from './schema.ts'

/** How long a handler may go on after its signal aborted before its place is given to others. */
export const graceMs = 5_000

export interface ExecutionTools {
  readonly deadlines: Deadlines<Attempt>
  readonly notifier: Notifier
  /** The storage's time. */
  readonly now: () => Instant
}

/**
 * Resolves once the handler ended, or once nobody waits for it any longer. `undefined`: there is nothing to store, since
 * the handler still runs and the row belongs to its lease or to somebody else. Never rejects.
 */
export function execute(attempt: Attempt, tools: ExecutionTools): Promise<Verdict | undefined> {
  const { timeoutMs } = attempt.settings
  if (timeoutMs !== undefined) tools.deadlines.set(attempt, timeoutMs, () => timeOut(attempt, timeoutMs, tools))
  return new Promise((resolve) => {
    attempt.giveUp = resolve
    void verdictOf(attempt, tools).then((verdict) => {
      if (!attempt.giveUp) {
        tools.notifier.tell('late', () => eventOf(attempt))
        return
      }
      attempt.giveUp = undefined
      if (timeoutMs !== undefined || attempt.abortReason) tools.deadlines.delete(attempt)
      resolve(verdict)
    })
  })
}

/** Tells the handler to end, and gives its place away if it does not. */
export function abort(attempt: Attempt, reason: Error, tools: ExecutionTools, patienceMs = graceMs): void {
  attempt.abort(reason)
  // It has not begun, or is through: nobody would take the deadline out, and its timer would outlive a stop.
  if (!attempt.giveUp) return
  tools.deadlines.set(attempt, patienceMs, () => abandon(attempt, tools))
}

/** What every event of a task says. */
export function eventOf(attempt: Attempt): { id: string; name: string; attempt: number } {
  return { id: attempt.row.id, name: definitionName(attempt.row.name), attempt: attempt.task.attempts }
}

function timeOut(attempt: Attempt, timeoutMs: number, tools: ExecutionTools): void {
  abort(attempt, new TimeoutError(`The attempt ran longer than its timeout of ${timeoutMs} ms`), tools)
}

function abandon(attempt: Attempt, tools: ExecutionTools): void {
  const { giveUp } = attempt
  if (!giveUp) return
  attempt.giveUp = undefined
  tools.notifier.tell('stuck', () => eventOf(attempt))
  tools.notifier.warn(
    `Task ${attempt.row.id} (${definitionName(attempt.row.name)}) was told to end and did not; its place is given away`,
  )
  giveUp(attempt.abortReason instanceof TimeoutError ? { kind: 'bad', error: attempt.abortReason } : undefined)
}

/** An attempt that was aborted: only a timeout is its own fault. */
function afterAbort(reason: Error | undefined): Verdict {
  if (reason instanceof StoppingError || reason instanceof LeaseLostError) return { kind: 'given_back', delayMs: 0 }
  return { kind: 'bad', error: reason }
}

async function verdictOf(attempt: Attempt, tools: ExecutionTools): Promise<Verdict> {
  const { settings } = attempt
  let input: { readonly value: unknown } | undefined
  if (settings.schema) {
    const read = await readInput(attempt, settings.schema)
    if ('kind' in read) return read
    input = read
  }
  const context = contextOf(attempt, input)
  let verdict: Verdict
  try {
    const perform = settings.perform ?? settings.run
    const result = await perform(context as never)
    await attempt.flushLists()
    verdict = resolvedWith(attempt, result)
  } catch (error) {
    verdict = failureOf(attempt, error)
  }
  if (settings.check) verdict = await checked(attempt, verdict)
  return verdict.kind === 'good' && recurs(attempt) ? complete(attempt, verdict, context, tools) : verdict
}

/** The stored input as the schema of today makes it. What no longer passes will not pass at the next attempt either. */
async function readInput(attempt: Attempt, schema: StandardSchemaV1): Promise<{ readonly value: unknown } | Verdict> {
  try {
    const validation = await validate(schema, inputOf(attempt.row))
    if (!('problem' in validation)) return validation
    const error = new TypeError(`The stored input does not pass the schema: ${validation.problem}`)
    return { kind: 'final', reason: 'invalid_input', error }
  } catch (error) {
    return { kind: 'bad', error }
  }
}

/** Copied at once: it may wait for its storage, and the handler may have kept it. What cannot be stored never can. */
function resolvedWith(attempt: Attempt, result: unknown): Verdict {
  if (attempt.snoozed) return { kind: 'snoozed', delayMs: attempt.snoozed.delayMs }
  const items = attempt.items || attempt.requests ? { fence: attempt.fence, count: attempt.items?.count ?? 0 } : null
  try {
    return { kind: 'good', result: copyOf(result), items }
  } catch (error) {
    return { kind: 'final', reason: 'unstorable', error }
  }
}

function failureOf(attempt: Attempt, error: unknown): Verdict {
  try {
    if (error instanceof Unstorable) return { kind: 'final', reason: 'unstorable', error: error.cause }
    if (error instanceof Snooze) return { kind: 'snoozed', delayMs: error.delayMs }
    if (failsJob(attempt, error)) return { kind: 'final', reason: 'fails_job', error }
    if (error instanceof FatalError) return { kind: 'final', reason: 'fatal', error }
  } catch {
    // A revoked proxy does not even let itself be asked what it is.
  }
  if (!attempt.abortReason) return { kind: 'bad', error }
  return afterAbort(attempt.abortReason)
}

function contextOf(attempt: Attempt, input: { readonly value: unknown } | undefined): AttemptContext {
  const { job } = attempt
  const { kind } = attempt.settings.role
  if (!job || kind === 'task') return new AttemptContext(attempt, input)
  return kind === 'part' ? new PartAttemptContext(attempt, job, input) : new ReduceAttemptContext(attempt, job)
}

/** Errors of `failOn` are those of parts: a reduce that fails fails its job anyhow. */
function failsJob({ settings: { role } }: Attempt, error: unknown): boolean {
  return role.kind === 'part' && role.job.failOn.some((one) => error instanceof one)
}

/** The check sees every end of an attempt; only one that resolved can turn out good (dispatcher D14, D16). */
async function checked(attempt: Attempt, verdict: Verdict): Promise<Verdict> {
  if (verdict.kind === 'snoozed' || verdict.kind === 'given_back') return verdict
  const good = verdict.kind === 'good'
  const outcome: Outcome = {
    reason: good ? 'finished' : attempt.abortReason instanceof TimeoutError ? 'timed_out' : 'failed',
    result: good ? verdict.result : undefined,
    itemCount: attempt.items?.count ?? 0,
    errorCount: attempt.errorCount,
    logs: attempt.logs,
    requestCount: attempt.requests?.count ?? 0,
    requests: attempt.readRequests(),
  }
  try {
    const answer = readAnswer(await attempt.settings.check?.(outcome as never))
    if (!good || answer.good) return verdict
    return { kind: 'bad', error: new CheckFailedError(answer.reason ?? 'the success check said that it was not good') }
  } catch (error) {
    return good ? { kind: 'bad', error } : verdict
  }
}

/** What is recorded when the handler resolved and the success check said that this was not good. */
class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError'
}
