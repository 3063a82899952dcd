/** docs/promises.md names the tests that hold each promise: they are there, and have the ids that it says they have. */
import { readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { expect, test } from 'vitest'
import { codeFiles } from './files.ts'
import { namesIn } from './test-names.ts'

const page = readFileSync(new URL('../../docs/promises.md', import.meta.url), 'utf8')
const files = codeFiles(['test', 'src'])

/** Each test that a promise names, with what stands behind it in brackets. */
const holders = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([^`]+)`(?: \(([^)]+)\))?/g)])
  .map(([, path = '', words = '']) => ({ path, ids: idsOf(words) }))

/** `LZ-01 to LZ-03, P-LOST` is four ids; `claim cases` is none. */
function idsOf(words: string): string[] {
  return words.split(/, | and /).flatMap((word) => {
    const [, letters, first, last] = /^([A-Z]+-)(\d+) to \1(\d+)$/.exec(word) ?? []
    if (letters === undefined) return /^[A-Z]+-?[A-Z\d-]+$/.test(word) ? [word] : []
    const count = Number(last) - Number(first) + 1
    return Array.from(
      { length: count },
      (_, at) => letters + String(Number(first) + at).padStart(first?.length ?? 0, '0'),
    )
  })
}

test('the page names tests, and their ids are read', () => {
  expect(holders.length).toBeGreaterThan(10)
  expect(idsOf('LZ-09 to LZ-11, P-LOST and W3')).toEqual(['LZ-09', 'LZ-10', 'LZ-11', 'P-LOST', 'W3'])
  expect(idsOf('claim, revision cases')).toEqual([])
})

test.each(holders)('$path holds what the page says ($ids)', ({ path, ids }) => {
  const found = files.filter((file) => file.path.startsWith(`${path}/`) || matchesGlob(file.path, path))
  expect(found.length, 'files').toBeGreaterThan(0)
  const names = found.flatMap(namesIn).join('\n')
  // A name that is put together has its id in a table.
  const isHeld = (id: string) =>
    new RegExp(`\\b${id}\\b`).test(names) || found.some(({ text }) => text.includes(`'${id}'`))
  expect(ids.filter((id) => !isHeld(id))).toEqual([])
})
