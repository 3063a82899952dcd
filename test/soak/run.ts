/** A soak: real processes on one SQLite file, faults for a while, then calm; and what of the promises was broken. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { seeded } from '../../src/conformance/random.ts'
import { piecework } from '../../src/index.ts'
import { type Final, prepare, Reader } from './audit.ts'
import { type Breaches, check, type Promised } from './checks.ts'
import { definitions, itemOf } from './definitions.ts'
import { readErrors, readLines, readSaid } from './evidence.ts'
import { Fleet, type SoakOptions } from './fleet.ts'

export interface SoakReport {
  readonly breaches: Breaches
  /** What happened, for the table. */
  readonly counts: Record<string, number>
  /** Where everything lies, if there is a breach to be looked at. */
  readonly folder: string
}

/** On average, for each process: long enough to claim, run and lose a few hundred tasks. */
const strikeEveryMs = 1_600

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'piecework-soak-'))
  const file = join(folder, 'work.db')
  const breaches: Breaches = new Map()
  const breach = (promised: Promised, text: string): void => {
    breaches.set(promised, [...(breaches.get(promised) ?? []), text])
  }
  prepare(file)
  const reader = new Reader(file)
  const fleet = new Fleet(folder, options)
  const random = seeded(options.seed + 1)
  let left = options.tasks
  // Killed ones leave some of theirs unadded, so each gets a part, and the next ones the rest.
  const part = Math.ceil(options.tasks / options.processes / 8)
  const quota = (): number => {
    const given = Math.min(part, left)
    left -= given
    return given
  }
  const look = (): void => {
    for (const key of reader.wrongKeys()) breach('key', `${key} was held twice or by a finished task`)
  }
  const startedAt = performance.now()
  try {
    for (const end = startedAt + options.seconds * 1_000; performance.now() < end; ) {
      fleet.fill(quota)
      await sleep((strikeEveryMs / options.processes) * (0.5 + random.below(100) / 100))
      look()
      if (left === 0 && reader.unfinished() === 0 && fleet.added) break
      fleet.strike()
    }
    await fleet.settle()
    const calmAt = performance.now()
    fleet.fill(() => 0)
    const drained = await drain(fleet, reader, options.drainSeconds, look)
    if (!drained) breach('unfinished', `${reader.unfinished()} tasks were left after ${options.drainSeconds} s of calm`)
    const drainMs = Math.round(performance.now() - calmAt)
    await fleet.end()

    const said = readSaid(folder)
    const lines = readLines(folder)
    const rows = reader.rows()
    check({ rows, writes: reader.writes(), lines, said, paused: fleet.paused }, breach)
    await checkItems(file, rows, breach)
    for (const end of fleet.wrongEnds) breach('processes', end)
    const errors = readErrors(folder)
    if (errors.length > 0) breach('processes', `wrote to stderr:\n    ${errors.slice(0, 20).join('\n    ')}`)
    const integrity = reader.integrity()
    if (integrity !== 'ok') breach('file', integrity)
    const states = Object.groupBy(rows.values(), ({ state }) => state)
    const starts = lines.filter(({ what }) => what === 'start').length
    return {
      breaches,
      folder,
      counts: {
        seed: options.seed,
        ...fleet.counts,
        acknowledged: said.added.size,
        duplicates: said.duplicates.size,
        'adds that failed': said.failed,
        ...Object.fromEntries(Object.entries(states).map(([state, of]) => [state, of?.length ?? 0])),
        starts,
        'ms to drain': drainMs,
        ...Object.fromEntries([...said.logged].map(([message, times]) => [`logged: ${message.slice(0, 70)}`, times])),
      },
    }
  } finally {
    await fleet.settle()
    await fleet.end()
    reader.close()
    if (breaches.size === 0) rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits until nothing is due, in calm; a poisonous task still takes processes with it. */
async function drain(fleet: Fleet, reader: Reader, seconds: number, look: () => void): Promise<boolean> {
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    fleet.fill(() => 0)
    await sleep(100)
    look()
    // The processes may still be adding theirs: they say when they are done.
    if (reader.unfinished() === 0 && fleet.added) return true
  }
  return false
}

/** Items come back through the front door, exactly as the attempt whose result counts emitted them. */
async function checkItems(
  file: string,
  rows: ReadonlyMap<string, Final>,
  breach: (promised: Promised, text: string) => void,
): Promise<void> {
  const work = piecework({ storage: sqlite(file), definitions: Object.values(definitions(() => {})) })
  for (const { id, name, state, input, memo } of rows.values()) {
    if (name !== 'lister') continue
    const { size } = JSON.parse(input) as { size: number }
    const { result } = JSON.parse(memo) as { result?: { fence: number } }
    const wanted = Array.from({ length: state === 'completed' ? size : 0 }, (_, index) => itemOf(result!.fence, index))
    const found: unknown[] = []
    for await (const item of work.items(id)) found.push(item)
    if (JSON.stringify(found) !== JSON.stringify(wanted)) breach('items', `${id} has ${found.length} of ${size} items`)
  }
  await work.close()
}
