/** What the tests of the cleanup share: folders of their own, and what stands in the files there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

let made: string[] = []
afterEach(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
  made = []
})

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'piecework-cleanup-'))
  made.push(folder)
  return folder
}

export interface Line {
  readonly kind: string
  readonly id: string
  readonly state: string
  readonly [more: string]: unknown
}

/** The lines of all files whose name begins so, the oldest first. A line that was cut short is left out. */
export function linesIn(folder: string, beginning = ''): Line[] {
  const age = (name: string) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)
  const names = readdirSync(folder).filter((name) => name.startsWith(beginning) && name.includes('.ndjson'))
  return names
    .sort((a, b) => age(b) - age(a))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line]
      } catch {
        return []
      }
    })
}

export function idsOf(lines: readonly Line[]): string[] {
  return [...new Set(lines.map(({ id }) => id))].sort()
}
