/** Which ids of a catalogue have a test that names them, and which have none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { idsIn, type Kind, type Part, readCatalogue } from './catalogue.ts'
import { root, type SourceFile } from './files.ts'
import { namesIn } from './test-names.ts'

export interface Coverage {
  kind: Kind
  parts: Part[]
  /** The files whose tests name an id. */
  files: Map<string, string[]>
  /** Ids in test names that the catalogue does not hold. */
  unknown: { id: string; path: string }[]
}

export function cover(catalogue: string, sources: readonly SourceFile[], kind: Kind): Coverage {
  const parts = readCatalogue(catalogue, kind)
  const files = new Map<string, string[]>(parts.flatMap(({ ids }) => ids.map((id) => [id, []])))
  const unknown: Coverage['unknown'] = []
  for (const source of sources) {
    for (const id of new Set(namesIn(source).flatMap((name) => idsIn(name, kind)))) {
      const paths = files.get(id)
      if (paths) paths.push(source.path)
      else unknown.push({ id, path: source.path })
    }
  }
  return { kind, parts, files, unknown }
}

/** The ids that no test names. */
export function uncovered({ files }: Coverage): string[] {
  return [...files].flatMap(([id, paths]) => (paths.length === 0 ? [id] : []))
}

export function textOf({ path }: Kind): string {
  return readFileSync(join(root, path), 'utf8')
}

export function report(coverage: Coverage): string {
  const { kind, parts, files, unknown } = coverage
  const missing = uncovered(coverage)
  const ids = parts.flatMap((part) => part.ids)
  const isCovered = (id: string) => !missing.includes(id)
  const width = Math.max(...ids.map((id) => id.length), 0)
  const titles = Math.max(...parts.map(({ title }) => title.length), 'all'.length)
  const total = (title: string, of: string[]) => {
    const share = `${of.filter(isCovered).length}`.padStart(4)
    return `  ${title.padEnd(titles)} ${share} of ${of.length}`
  }
  return [
    'Covered',
    ...ids.filter(isCovered).map((id) => `  ${id.padEnd(width)}  ${files.get(id)!.join(', ')}`),
    '',
    'Without a test',
    ...parts
      .map((part) => part.ids.filter((id) => !isCovered(id)).join(' '))
      .flatMap((line) => (line ? [`  ${line}`] : [])),
    '',
    'Totals',
    ...parts.map((part) => total(part.title, part.ids)),
    total('all', ids),
    ...unknown.map(({ id, path }) => `\n${path} names ${id}, which ${kind.path} does not know`),
  ].join('\n')
}
