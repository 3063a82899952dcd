/** What the processes left behind: what they acknowledged, what their handlers logged, and what came out on stderr. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A line of a handler. */
export interface Line {
  readonly what: 'start' | 'good'
  readonly id: string
  readonly attempt: number
  readonly fence: number
  readonly pid: number
}

export interface Said {
  /** Ids that were acknowledged as added. */
  readonly added: Set<string>
  /** Ids that an add was told to be there already, with the name of the definition. */
  readonly duplicates: Map<string, string>
  readonly cancelled: Set<string>
  /** How many tasks processes tried to add and were told that nobody knows what became of them. */
  readonly failed: number
  /** Warnings of the library, each once, without what differs. */
  readonly logged: Map<string, number>
}

export function readSaid(folder: string): Said {
  const said = {
    added: new Set<string>(),
    duplicates: new Map<string, string>(),
    cancelled: new Set<string>(),
    failed: 0,
  }
  const logged = new Map<string, number>()
  for (const line of linesOf(folder, 'out-')) {
    const spoken = JSON.parse(line) as {
      added?: [id: string, status: string, name: string][]
      cancelled?: string
      failed?: number
      logged?: string
    }
    for (const [id, status, name] of spoken.added ?? []) {
      if (status === 'added') said.added.add(id)
      else said.duplicates.set(id, name)
    }
    if (spoken.cancelled) said.cancelled.add(spoken.cancelled)
    said.failed += spoken.failed ?? 0
    if (spoken.logged === undefined) continue
    const kind = spoken.logged.replace(/\b[0-9a-z]{24}\b|\d+/g, '*')
    logged.set(kind, (logged.get(kind) ?? 0) + 1)
  }
  return { ...said, logged }
}

/** The handlers' log, in the order in which the lines were appended. */
export function readLines(folder: string): Line[] {
  const path = join(folder, 'handlers.log')
  if (!existsSync(path)) return []
  return complete(readFileSync(path, 'utf8')).map((line) => {
    const [what, id, attempt, fence, pid] = line.split(' ')
    return { what: what as Line['what'], id: id!, attempt: Number(attempt), fence: Number(fence), pid: Number(pid) }
  })
}

/** What came out where only what nobody handled comes out. */
export function readErrors(folder: string): string[] {
  return linesOf(folder, 'err-')
}

function linesOf(folder: string, prefix: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix))
  return names.flatMap((name) => complete(readFileSync(join(folder, name), 'utf8')))
}

/** A process that is killed while it writes may leave half a line, which says nothing. */
function complete(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
}
