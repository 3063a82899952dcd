/** `kill -9` of a process that cleans up, at each of its steps: nothing is lost, and at worst a line stands there twice. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { piecework } from '../../src/index.ts'
import { runToDeath } from '../kill/death.ts'
import { rowsIn } from '../runner/face/kit.ts'
import { definitions } from './dying-definitions.ts'
import { freshFolder, idsOf, linesIn } from './files.ts'

const script = fileURLToPath(new URL('./dying.ts', import.meta.url))
const [echo, nice, index] = definitions

async function fill(file: string): Promise<string[]> {
  const storage = sqlite(file)
  const work = piecework({ storage, definitions })
  const added = await work.add(Array.from({ length: 40 }, (_, n) => (n % 4 ? echo : nice).with({ n })))
  const { id } = await work.run(index, [1, 2, 3, 4], { id: 'nightly' })
  await work.drain()
  const ids = [...added.map((each) => each.id), id]
  await work.close()
  return ids.sort()
}

describe('kill -9', () => {
  test.each([
    ['between the write and its synchronisation', 'sync 1'],
    ['in the middle of that, between two files', 'sync 4'],
    ['between the synchronisation and the first removal', 'removal 1'],
    ['between the removal of parts and that of their job', 'removal 2'],
  ])('CR-10 %s: what was done is in the storage or in the files, in the end in the files', async (_, point) => {
    const folder = freshFolder()
    const file = join(folder, 'work.db')
    const files = join(folder, 'files')
    const ids = await fill(file)
    expect(runToDeath(script, file, files, point)).toBe('')
    const storage = sqlite(file)
    const { counts } = await storage.count({ upTo: 1_000 })
    const stays = (name: string) => Object.values(counts[name] ?? {}).reduce((sum, count) => sum + count, 0)
    // No removal was sent: all of it is still here, whatever of it is in the files.
    if (point !== 'removal 2') expect([stays('echo'), stays('nice'), stays('index')]).toEqual([30, 10, 1])
    else expect(stays('index')).toBe(1)
    if (point.startsWith('removal')) expect(idsOf(linesIn(files)).length).toBeGreaterThanOrEqual(31)
    await storage.close?.()

    const told = execFileSync(process.execPath, [script, file, files], { encoding: 'utf8', stdio: 'pipe' })
    expect(JSON.parse(told)).toMatchObject({ keptIn: 'files' })
    const lines = linesIn(files).filter(({ kind, name }) => kind !== 'part' && name !== 'cleanup')
    expect(idsOf(lines)).toEqual(ids)
    expect(linesIn(files, 'failed')).toSatisfy((all: { name: string }[]) => all.every(({ name }) => name === 'nice'))
    const parts = linesIn(files).filter(({ kind }) => kind === 'part')
    expect(idsOf(parts)).toHaveLength(4)
    console.log(`${point}: ${lines.length} lines for ${ids.length}, in ${readdirSync(files).length} files`)
    const left = sqlite(file)
    // Two cleanups: the one that was killed is still running by its lease, the other one is done.
    expect(await rowsIn(left)).toBe(2)
    await left.close?.()
  })
})
