/** What must be true of the rows, the audit and the logs once everything is drained. Each breach comes with its evidence. */
import { taskMoves } from '../../src/index.ts'
import type { Final, Write } from './audit.ts'
import { maxAttempts } from './definitions.ts'
import type { Line, Said } from './evidence.ts'

/** By the promise that is broken. */
export type Breaches = Map<Promised, string[]>
export type Promised =
  | 'lost'
  | 'unfinished'
  | 'outcome'
  | 'fence'
  | 'exclusive'
  | 'attempts'
  | 'invented'
  | 'cancel'
  | 'key'
  | 'items'
  | 'processes'
  | 'file'

export interface Facts {
  readonly rows: ReadonlyMap<string, Final>
  readonly writes: ReadonlyMap<string, readonly Write[]>
  readonly lines: readonly Line[]
  readonly said: Said
  /** Processes that were stopped for a while: between a look at the lease and a line in the log, too. */
  readonly paused: ReadonlySet<number>
}

/** How far a process's copy of the database's clock may be off; NTP slews one and not the other. */
const toleranceMs = 25

const done = new Set(['completed', 'failed', 'cancelled'])

export function check(facts: Facts, breach: (promised: Promised, text: string) => void): void {
  const { rows, writes, said } = facts
  for (const id of said.added) if (!rows.has(id)) breach('lost', `${id} was acknowledged and is not there`)
  for (const [id, name] of said.duplicates) {
    if (rows.get(id)?.name !== name) breach('key', `${name} was told to be a duplicate of ${id}, which is not one`)
  }
  for (const id of said.cancelled) {
    if (rows.get(id)?.state !== 'cancelled') breach('cancel', `${id} was cancelled and is ${rows.get(id)?.state}`)
  }
  const linesById = Map.groupBy(facts.lines, ({ id }) => id)
  for (const id of linesById.keys()) if (!rows.has(id)) breach('invented', `${id} ran and was never added`)
  for (const row of rows.values()) {
    const history = writes.get(row.id) ?? []
    const tell = (promised: Promised, text: string) => {
      const shown = history.map((write) => `${write.at} ${write.state} rev ${write.rev} tries ${write.tries}`)
      breach(promised, `${row.id} (${row.name}) ${text}\n    ${shown.join('\n    ')}`)
    }
    checkEnd(row, tell)
    checkWrites(row, history, tell)
    checkLines(row, history, linesById.get(row.id) ?? [], facts.paused, tell)
  }
}

type Tell = (promised: Promised, text: string) => void

function checkEnd(row: Final, tell: Tell): void {
  if (!done.has(row.state)) {
    const isFar = row.state === 'waiting' && (row.wakeAt ?? 0) > Date.now() + 60_000
    if (!isFar) tell('unfinished', `is ${row.state} after everything was drained`)
  } else if (row.key !== null) tell('key', `is ${row.state} and holds its key`)
}

function isClaim({ old, tries, holder }: Write, before: Write | undefined): boolean {
  return old !== undefined && tries === old.tries + 1 && holder !== before?.holder
}

function checkWrites(row: Final, history: readonly Write[], tell: Tell): void {
  let claims = 0
  let refunds = 0
  let ends = 0
  let refunded = true
  for (const [index, write] of history.entries()) {
    const { old } = write
    if (!old) continue
    const claimed = isClaim(write, history[index - 1])
    const moves = taskMoves[old.state as keyof typeof taskMoves] as Record<string, string> | undefined
    const onlyExtended = write.rev === old.rev
    if (onlyExtended && (write.tries !== old.tries || write.state !== old.state)) tell('fence', 'changed without a rev')
    if (!onlyExtended && write.rev !== old.rev + 1) tell('fence', `went from rev ${old.rev} to ${write.rev}`)
    if (!onlyExtended && moves?.[write.state] === undefined)
      tell('outcome', `moved from ${old.state} to ${write.state}`)
    if (done.has(write.state)) ends++
    if (claimed) {
      claims++
      refunded = false
      if (old.wakeAt === null || old.wakeAt > write.at + toleranceMs) {
        tell('exclusive', `was claimed ${(old.wakeAt ?? 0) - write.at} ms before its time or the end of its lease`)
      }
    } else if (write.tries !== old.tries) {
      refunds++
      if (refunded || write.tries !== old.tries - 1) tell('attempts', `was refunded twice or by more than one`)
      refunded = true
    }
  }
  if (ends > 1) tell('outcome', `ended ${ends} times`)
  if (row.tries !== claims - refunds)
    tell('attempts', `has ${row.tries} attempts, ${claims} claims, ${refunds} refunds`)
}

function checkLines(
  row: Final,
  history: readonly Write[],
  lines: readonly Line[],
  paused: ReadonlySet<number>,
  tell: Tell,
): void {
  const claims = new Map(history.filter((write, index) => isClaim(write, history[index - 1])).map((c) => [c.rev, c]))
  const limit = row.name === 'hopeless' || row.name === 'poison' ? maxAttempts[row.name] : maxAttempts.others
  const starts = lines.filter(({ what }) => what === 'start')
  let last = 0
  for (const { fence, attempt, pid } of starts) {
    const claim = claims.get(fence)
    if (!claim) tell('invented', `started under fence ${fence}, which no claim has`)
    else if (claim.tries !== attempt) tell('attempts', `started as attempt ${attempt}, claimed as ${claim.tries}`)
    if (attempt > limit) tell('attempts', `started as attempt ${attempt} of ${limit}`)
    if (fence === last || (fence < last && !paused.has(pid))) tell('fence', `started under ${fence} after ${last}`)
    last = Math.max(last, fence)
  }
  // Crashes are what is left once three were seen.
  if (row.name === 'poison' && starts.length > 4) tell('attempts', `killed its process ${starts.length} times`)
  if (row.state !== 'completed') return
  const { result } = JSON.parse(row.memo) as { result?: { fence: number; attempt: number } }
  const good = lines.some(({ what, fence }) => what === 'good' && fence === result?.fence)
  if (!good) tell('outcome', `was completed by fence ${result?.fence}, whose handler did not end well`)
  const lastClaim = [...claims.values()].at(-1)
  if (lastClaim?.rev !== result?.fence)
    tell('outcome', `has the result of fence ${result?.fence}, not of its last claim`)
  if (row.tries !== result?.attempt) tell('attempts', `has ${row.tries} attempts; its result is of ${result?.attempt}`)
}
