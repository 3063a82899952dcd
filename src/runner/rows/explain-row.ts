/** Why a row of the app's own table is where it is, in sentences for a person. */
import ms from 'ms'
import { PieceworkError } from '../../core/errors.ts'
import { rowState } from '../../core/row-moves.ts'
import { workerOf } from '../../core/row-token.ts'
import type { SeenRow } from '../../storage/row-source.ts'
import type { RowSettings } from './definition.ts'

/** @throws PieceworkError `not_found`; TypeError on what cannot be a key. */
export async function explainRow(settings: RowSettings, key: unknown): Promise<string> {
  const { source } = settings
  await source.open()
  const [seen] = await source.look([source.idOf(key)])
  if (!seen) throw new PieceworkError('not_found', `There is no row ${String(key)} in ${source.title}`)
  return sentences(settings, seen, await source.now()).join(' ')
}

function sentences(settings: RowSettings, seen: SeenRow, now: number): string[] {
  const { maxTries, startWithinMs, maxDurationMs } = settings
  const { id, token, tries, reservedAt, startedAt, endedAt } = seen
  const what = `Row ${id} (${settings.name})`
  const since = (instant: number | null) => `${ms(Math.max(0, now - (instant ?? now)))} ago`
  const by = token === null ? 'somebody' : workerOf(token)
  const started = tries === 0 ? 'It was never started.' : `It was started ${tries} of at most ${maxTries} times.`
  const limit = (from: number | null, limitMs: number) => {
    const restMs = (from ?? now) + limitMs - now
    return restMs > 0
      ? `Unless that happens within ${ms(restMs)}, it is anybody's again.`
      : `It is over its limit of ${ms(limitMs)}: the next pass of a dispatcher frees it.`
  }
  switch (rowState(seen, maxTries)) {
    case 'pending':
      return [`${what} waits to be reserved, where the source's own condition lets it.`, started]
    case 'reserved':
      return [
        `${what} was reserved by ${by} ${since(reservedAt)} and is to be started.`,
        limit(reservedAt, startWithinMs),
        started,
      ]
    case 'running':
      return [
        `${what} was started by ${by} ${since(startedAt)} and is to be ended.`,
        limit(startedAt, maxDurationMs),
        started,
      ]
    case 'completed':
      return [`${what} ended well ${since(endedAt)}${token === null ? '' : `, run by ${by}`}.`, started]
    case 'failed':
      return [`${what} has no try left: ${tries} of ${maxTries} are counted. A FatalError counts them all.`]
  }
}
