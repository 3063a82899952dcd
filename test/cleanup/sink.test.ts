/** `ndjsonSink`: each state in files of its own, turned over, and on the disk before anything is removed. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { ndjsonSink } from '../../src/cleanup/index.ts'
import { FatalError, job, task } from '../../src/index.ts'
import { kit, noted, onEachStorage, rowsIn } from '../runner/face/kit.ts'
import { freshFolder, idsOf, linesIn } from './files.ts'

const echo = task('echo', { run: ({ input }) => input })
const nice = task('nice', { run: () => Promise.reject(new FatalError('no')) })
const index = job('index', {
  map: async ({ part, emit }: { part: number; emit: (item: unknown) => Promise<void> }) => {
    await emit(part)
    return part * 2
  },
  reduce: ({ total }) => total,
})
const definitions = [echo, nice, index]

describe('what is kept', () => {
  onEachStorage('M24 Y15 tasks by their state, jobs with their parts; the counts are of what went', async (storage) => {
    const folder = freshFolder()
    const { work } = kit(definitions, { storage })
    const added = await work.add([echo.with({ text: 'a\nb\u2028' }), echo.with(2), nice.with(3)])
    const { id: cancelled } = await work.add(echo, 4, { hold: true })
    await work.cancel(cancelled)
    await work.run(index, [1, 2, 3], { id: 'nightly', metadata: { site: 'x' } })
    await work.drain()
    expect(await work.purge({ sink: ndjsonSink({ folder }) })).toEqual({ completed: 3, failed: 1, cancelled: 1 })
    expect(await rowsIn(storage)).toBe(0)

    expect(readdirSync(folder).sort()).toEqual(['cancelled.ndjson', 'completed.ndjson', 'failed.ndjson'])
    const completed = linesIn(folder, 'completed')
    expect(
      completed
        .filter(({ kind }) => kind === 'task')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(
      added
        .slice(0, 2)
        .map(({ id }) => id)
        .sort(),
    )
    expect(completed.find(({ id }) => id === added[0]!.id)).toMatchObject({
      name: 'echo',
      input: { text: 'a\nb\u2028' },
      result: { text: 'a\nb\u2028' },
      attempts: 1,
      doneAt: expect.any(Number),
    })
    const [first, ...parts] = completed.filter(({ kind }) => kind !== 'task')
    expect(first).toMatchObject({ kind: 'job', id: 'nightly', metadata: { site: 'x' }, total: 3, result: 3 })
    expect(parts.map(({ kind, jobId, index, result }) => ({ kind, jobId, index, result }))).toEqual(
      [2, 4, 6].map((result, index) => ({ kind: 'part', jobId: 'nightly', index, result })),
    )
    expect(linesIn(folder, 'failed')).toMatchObject([{ id: added[2]!.id, errors: [{ name: 'FatalError' }] }])
    expect(linesIn(folder, 'cancelled')).toMatchObject([{ id: cancelled }])
  })

  test('M25 a state that may not go is refused, and nothing is written or removed', async () => {
    const folder = join(freshFolder(), 'not', 'made')
    const { work } = kit(definitions)
    await work.add(echo, 1)
    await work.drain()
    const states = ['completed', 'waiting'] as unknown as ['completed']
    await expect(work.purge({ states, sink: ndjsonSink({ folder }) })).rejects.toThrow('`states`')
    expect(existsSync(folder)).toBe(false)
    expect((await work.status()).tasks.echo).toEqual({ completed: 1 })
  })

  test('what is wrong with the options is told at once', () => {
    expect(() => ndjsonSink({ folder: '' })).toThrow('`folder` to be the path of a folder')
    expect(() => ndjsonSink({ folder: 5 } as never)).toThrow('got `5` (number)')
    expect(() => ndjsonSink({ folder: 'x', maxFiles: 1 })).toThrow('`maxFiles` to be an integer from 2')
    expect(() => ndjsonSink({ folder: 'x', maxBytes: 0 })).toThrow('`maxBytes`')
    expect(() => ndjsonSink({ folder: 'x', size: 1 } as never)).toThrow('got `size`')
  })
})

describe('files are turned over', () => {
  test('Y16 at their size, up to so many, never within a line; the oldest go', async () => {
    const folder = freshFolder()
    const { work } = kit(definitions, { storage: memory({ batchMax: 10 }) })
    const sink = ndjsonSink({ folder, maxBytes: 2_000, maxFiles: 4 })
    const ids: string[] = []
    for (let round = 0; round < 6; round++) {
      const added = await work.add(Array.from({ length: 20 }, (_, n) => echo.with({ round, n, pad: 'x'.repeat(50) })))
      ids.push(...added.map(({ id }) => id))
      await work.drain()
      expect(await work.purge({ sink })).toMatchObject({ completed: 20 })
    }
    const names = ['completed.ndjson', 'completed.ndjson.1', 'completed.ndjson.2', 'completed.ndjson.3']
    expect(readdirSync(folder).sort()).toEqual(names)
    for (const name of names) {
      const text = readFileSync(join(folder, name), 'utf8')
      expect(text === '' || text.endsWith('\n')).toBe(true)
      for (const line of text.split('\n').slice(0, -1)) expect(JSON.parse(line)).toMatchObject({ name: 'echo' })
      // One piece more than the limit at most.
      expect(statSync(join(folder, name)).size).toBeLessThan(2 * 2_000 + 500)
    }
    const kept = linesIn(folder).map(({ id }) => id)
    expect(kept.length).toBeGreaterThan(12)
    expect(new Set(kept).size).toBe(kept.length)
    // What is there is the latest, and nothing between is missing.
    expect([...kept].sort()).toEqual([...ids].sort().slice(-kept.length))
  })

  test('with room for all of them, a turn in the middle of a page loses nothing', async () => {
    const folder = freshFolder()
    const { work } = kit(definitions)
    const added = await work.add(Array.from({ length: 300 }, (_, n) => echo.with(n)))
    await work.drain()
    const sink = ndjsonSink({ folder, maxBytes: 3_000, maxFiles: 1_000 })
    await Promise.all([work.purge({ sink, names: ['echo'] }), work.purge({ sink, names: ['nice'] })])
    expect(readdirSync(folder).length).toBeGreaterThan(10)
    expect(idsOf(linesIn(folder))).toEqual(added.map(({ id }) => id).sort())
  })

  test('a line that a crash cut short does not swallow the next', async () => {
    const folder = freshFolder()
    appendFileSync(join(folder, 'completed.ndjson'), '{"kind":"task","id":"cut')
    const { work } = kit(definitions)
    const { id } = await work.add(echo, 1)
    await work.drain()
    await work.purge({ sink: ndjsonSink({ folder }) })
    expect(idsOf(linesIn(folder))).toEqual([id])
  })
})

describe('nothing is removed before', () => {
  test('every file that was written, and the folder, is synchronised', async () => {
    const folder = freshFolder()
    const inner = memory({ batchMax: 20 })
    const { storage, calls } = noted(inner)
    const { work } = kit(definitions, { storage })
    await work.add(Array.from({ length: 40 }, (_, n) => (n % 2 ? nice.with(n) : echo.with(n))))
    await work.drain()
    const own = ndjsonSink({ folder, maxBytes: 1_500, maxFiles: 100 })
    await withSyncs(async (synced) => {
      await work.purge({
        sink: async (...page) => {
          synced.length = 0
          calls.length = 0
          const before = new Map(
            readdirSync(folder).map((name) => [statSync(join(folder, name)).ino, statSync(join(folder, name)).size]),
          )
          await own(...page)
          expect(calls.filter(({ verb }) => verb === 'apply')).toEqual([])
          for (const name of readdirSync(folder)) {
            const { ino, size } = statSync(join(folder, name))
            if (before.get(ino) !== size) expect(synced).toContain(ino)
          }
          expect(synced).toContain(statSync(folder).ino)
        },
      })
    })
    expect(linesIn(folder)).toHaveLength(40)
  })

  test('a folder that was made for it is known on the disk to those above it', async () => {
    const top = freshFolder()
    const folder = join(top, 'a', 'b')
    const { work } = kit(definitions)
    await work.add(echo, 1)
    await work.drain()
    await withSyncs(async (synced) => {
      await work.purge({ sink: ndjsonSink({ folder }) })
      for (const each of [top, join(top, 'a'), folder]) expect(synced).toContain(statSync(each).ino)
    })
    expect(linesIn(folder)).toHaveLength(1)
  })

  test('a disk that is full, also where a write is cut short without an error: the tasks stay, and go later', () => {
    const folder = freshFolder()
    const script = fileURLToPath(new URL('./full-disk.ts', import.meta.url))
    // No file may grow over 8 blocks: what is written up to there is written, and the next byte is refused.
    const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" --disable-warning=ExperimentalWarning "$1" "$2"`
    const told = execFileSync('bash', ['-c', limited, process.execPath, script, folder], { encoding: 'utf8' })
    const { error, left, counts } = JSON.parse(told) as { error: string; left: number; counts: object }
    console.log(`on the full disk: ${error}`)
    expect(error).toMatch(/EFBIG|came into/)
    expect(left).toBeGreaterThan(0)
    expect(counts).toEqual({ completed: left, failed: 0, cancelled: 0 })
    expect(idsOf(linesIn(folder)).filter((id) => id.startsWith('t'))).toHaveLength(60)
  })

  test('CL-01 a link in the place of a file leads nowhere; a task cannot name a file', async () => {
    const [folder, outside] = [freshFolder(), freshFolder()]
    const target = join(outside, 'target')
    writeFileSync(target, '')
    symlinkSync(target, join(folder, 'completed.ndjson'))
    const { work } = kit(definitions)
    await work.add(echo, 1, { id: '..\\..%2f..' })
    await work.drain()
    const sink = ndjsonSink({ folder })
    await expect(sink.check()).rejects.toThrow('completed.ndjson is no plain file')
    await expect(work.purge({ sink })).rejects.toThrow('is no plain file')
    expect(readFileSync(target, 'utf8')).toBe('')
    expect((await work.status()).tasks.echo).toEqual({ completed: 1 })
  })

  test('a folder that is none is told', async () => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(ndjsonSink({ folder: join(folder, 'file') }).check()).rejects.toThrow('EEXIST')
    await expect(ndjsonSink({ folder: join(folder, 'file', 'under') }).check()).rejects.toThrow('ENOTDIR')
  })
})

/** While the body runs, whatever is synchronised is told by its inode. */
async function withSyncs(body: (synced: number[]) => Promise<void>): Promise<void> {
  const synced: number[] = []
  const probe = await open('.')
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  const { sync } = prototype
  prototype.sync = async function (this: FileHandle) {
    synced.push((await this.stat()).ino)
    await sync.call(this)
  }
  try {
    await body(synced)
  } finally {
    prototype.sync = sync
  }
}
