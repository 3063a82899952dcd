/** Milliseconds with a fraction that two processes of one machine agree on; `Date.now()` has whole ones only. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now()
}
