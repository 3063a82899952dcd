/** Dumps are written, and never read by us: what stands in their files can do nothing, and what we write can be trusted. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ndjsonSink } from '../../src/cleanup/index.ts'
import { FatalError, type TaskContext, task } from '../../src/index.ts'
import { kit } from '../runner/face/kit.ts'
import { freshFolder } from './files.ts'

const echo = task('echo', {
  run: ({ input, log }: TaskContext<unknown>) => {
    log(`line\r\n{"kind":"task","id":"forged"}\u001b[31m`)
    if (input === 'bad') throw new FatalError('\u2028\u0000}\n{"kind":"task","id":"forged"}')
    return input
  },
})

describe('CL-02', () => {
  test.each([
    ['cut short', '{"kind":"task","id":"a","inp'],
    ['cut within a character', Buffer.from('{"kind":"task","id":"é"}').subarray(0, 22)],
    [
      'hostile',
      '{"__proto__":{"polluted":1},"kind":"task","id":"../../x","state":"waiting"}\n$(touch /tmp/x)\n\u0000\u0000',
    ],
    ['no dump at all', Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x1f, 0x8b])],
  ])('a file that is %s stays as it is, to the byte, and what comes behind it is whole', async (_, before) => {
    const folder = freshFolder()
    const file = join(folder, 'completed.ndjson')
    writeFileSync(file, before)
    const { work } = kit([echo])
    const { id } = await work.add(echo, 1)
    await work.drain()
    expect(await work.purge({ sink: ndjsonSink({ folder }) })).toMatchObject({ completed: 1 })
    const bytes = readFileSync(file)
    expect(bytes.subarray(0, before.length).equals(Buffer.from(before as string))).toBe(true)
    const behind = bytes.subarray(before.length).toString().trimStart()
    expect(JSON.parse(behind)).toMatchObject({ kind: 'task', id, input: 1 })
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    // Nothing of it has come to be in the storage.
    expect(await work.get('a')).toBeUndefined()
    expect((await work.status()).tasks).toEqual({ echo: {} })
  })

  test('whatever a task, its error and its log lines hold, it is one line of well-formed JSON that says the same', async () => {
    const folder = freshFolder()
    const { work } = kit([echo])
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":2},"a\\n\\u2028\\u0000":"]}\\n{","deep":'
    const hostile: unknown = JSON.parse(`${text}${'['.repeat(500)}${']'.repeat(500)}}`)
    const id = '..;rm -rf $HOME`"\'<script>'
    await work.add([echo.with(hostile, { id }), echo.with('bad', { id: 'bad' })])
    await work.drain()
    await work.purge({ sink: ndjsonSink({ folder }) })
    const linesOf = (name: string) => readFileSync(join(folder, `${name}.ndjson`), 'utf8').split('\n')
    const [line = '', end, ...more] = linesOf('completed')
    expect([end, more]).toEqual(['', []])
    const read = JSON.parse(line) as { id: string; input: unknown; result: unknown }
    expect(read.id).toBe(id)
    for (const value of [read.input, read.result]) expect(JSON.stringify(value)).toBe(JSON.stringify(hostile))
    expect(Object.hasOwn(read.input as object, '__proto__')).toBe(true)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    const [failed = '', ...none] = linesOf('failed')
    expect(none).toEqual([''])
    expect(JSON.parse(failed)).toMatchObject({ id: 'bad', errors: [{ message: expect.stringContaining('forged') }] })
    // No line end within a line, and no escape code.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(`${line}${failed}`).not.toMatch(/[\u0000-\u001f]/)
  })
})
