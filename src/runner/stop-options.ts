/** What `stop` and `close` can be told, checked at the door. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expectOptions } from '../core/expect.ts'

export interface StopOptions {
  /** How long running tasks may take to end before they are aborted. @default '30s' */
  readonly timeout?: Duration
}

/** @throws TypeError naming the option. */
export function timeoutOf(options: StopOptions): number {
  const { timeout = '30s' } = expectOptions('options', options, ['timeout'])
  return durationMs('timeout', timeout)
}
