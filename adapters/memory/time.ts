/** This process's clock, for rows that live in it: the only place here that reads time. */
export function systemNow(): number {
  return Date.now()
}
