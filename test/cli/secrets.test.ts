/** A password in the URL of a storage is shown to nobody: not in an error, not to who lists processes. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { inside } from './inside.ts'
import { shell, start } from './kit.ts'

const secret = 'hunter2'

describe('CL-04 the password of a URL is in no error:', () => {
  test.each([
    ['ls', `--storge=postgres://u:${secret}@h/x`],
    ['ls', '--storage', `postgres://u:${secret}@127.0.0.1:99999/x`],
    ['ls', '--storage', `postgres://127.0.0.1:1/x?user=u&password=${secret}`],
    ['ls', '--storage', `mongodb://u:${secret}@127.0.0.1:99999/x`],
    ['ls', '--storage', `mongodb://127.0.0.1:99999/x?tlsCertificateKeyFilePassword=${secret}`],
    ['ls', '--storage', `mongodb://u:a@${secret}@h/x`],
    ['ls', '--storage', `mysql://u:${secret}@h/x`],
    ['ls', '--storage', `u:${secret}@h`],
    ['ls', '--storage', `sqlite://u:${secret}@h?x=1`],
    ['ls', `postgres://u:${secret}@h/x`],
    [`postgres://u:${secret}@h/x`],
    ['serve', '--port', `postgres://u:${secret}@h/x`],
    ['purge', '--older-than', '0s', '--storage', `postgres://u:${secret}@127.0.0.1:1/x`],
    ['explain', `postgres://u:${secret}@h/x`, '--storage', 'postgres://127.0.0.1:1/x'],
  ])('%s %s %s', async (...args) => {
    for (const isTTY of [false, true]) {
      const { code, stdout, stderr } = await inside(args, isTTY)
      expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/error:/) })
      expect(stderr).not.toContain(secret)
    }
  })
})

test('CL-04 help shows where the storage is said, and not what was said there', async () => {
  const { stdout } = await shell('$piecework ls --help', { PIECEWORK_STORAGE: `postgres://u:${secret}@h/x` })
  expect(stdout).toContain('PIECEWORK_STORAGE')
  expect(stdout).not.toContain(secret)
})

test('CL-04 who lists processes sees the command without the password', async ({ skip }) => {
  skip(process.platform !== 'linux', 'the command lines of processes are read from /proc')
  // Whoever connects waits for an answer, so the program is there to be looked at.
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const storage = `postgres://u:${secret}@127.0.0.1:${port}/x?password=${secret}`
  const program = start(`exec $piecework ls --storage '${storage}'`)
  const shown = () => readFileSync(`/proc/${program.child.pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  await expect.poll(shown, { timeout: 20_000 }).toMatch(/^piecework /)
  expect(shown()).toBe(`piecework ls --storage postgres://***@127.0.0.1:${port}/x?password=***`)
  program.child.kill('SIGKILL')
  await program.ended
  silent.close()
})
