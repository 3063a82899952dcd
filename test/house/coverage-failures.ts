/** `npm run coverage:failures`: which failures of docs/failures.md have a test that names them, and which have none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { idsIn, type Part, readCatalogue } from './catalogue.ts'
import { codeFiles, root, type SourceFile } from './files.ts'
import { namesIn } from './test-names.ts'

export interface Coverage {
  parts: Part[]
  /** The files whose tests name an id. */
  files: Map<string, string[]>
  /** Ids in test names that the catalogue does not hold. */
  unknown: { id: string; path: string }[]
}

export function cover(catalogue: string, sources: readonly SourceFile[]): Coverage {
  const parts = readCatalogue(catalogue)
  const files = new Map<string, string[]>(parts.flatMap(({ ids }) => ids.map((id) => [id, []])))
  const unknown: Coverage['unknown'] = []
  for (const source of sources) {
    for (const id of new Set(namesIn(source).flatMap(idsIn))) {
      const paths = files.get(id)
      if (paths) paths.push(source.path)
      else unknown.push({ id, path: source.path })
    }
  }
  return { parts, files, unknown }
}

export function report({ parts, files, unknown }: Coverage): string {
  const ids = parts.flatMap((part) => part.ids)
  const isCovered = (id: string) => files.get(id)!.length > 0
  const covered = ids.filter(isCovered)
  const width = Math.max(...ids.map((id) => id.length), 0)
  const titles = Math.max(...parts.map(({ title }) => title.length), 'all'.length)
  const total = (title: string, of: string[]) => {
    const share = `${of.filter(isCovered).length}`.padStart(4)
    return `  ${title.padEnd(titles)} ${share} of ${of.length}`
  }
  return [
    'Covered',
    ...covered.map((id) => `  ${id.padEnd(width)}  ${files.get(id)!.join(', ')}`),
    '',
    'Without a test',
    ...parts.map((part) => part.ids.filter((id) => !isCovered(id)).join(' ')).flatMap((line) => line && [`  ${line}`]),
    '',
    'Totals',
    ...parts.map(({ title, ids }) => total(title, ids)),
    total('all', ids),
    ...unknown.map(({ id, path }) => `\n${path} names ${id}, which docs/failures.md does not know`),
  ].join('\n')
}

if (import.meta.main) {
  const tests = codeFiles(['test']).filter(({ path }) => path.endsWith('.test.ts'))
  // A mutant may be named after what it gets wrong; it covers nothing by itself.
  const cases = codeFiles(['src/conformance']).filter(({ path }) => !path.includes('/mutants/'))
  const coverage = cover(readFileSync(join(root, 'docs', 'failures.md'), 'utf8'), [...tests, ...cases])
  console.log(report(coverage))
  process.exitCode = coverage.unknown.length > 0 ? 1 : 0
}
