/** The demo over a real folder: killed half-way, started again, and no finished file is done twice. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { root, run } from './run.ts'

const files = 2_000
const cwd = mkdtempSync(join(tmpdir(), 'piecework-demo-'))
const folder = join(cwd, 'files')
const database = join(cwd, 'demo.db')
const demo = join(root, 'examples/demo/demo.ts')
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** How many files the database says are finished; 0 while there is no such table. */
function finished(): number {
  if (!existsSync(database)) return 0
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    const [row] = db.prepare("select count(*) as n from piecework_row where state = 'completed'").all()
    return Number(row?.n ?? 0)
  } catch {
    return 0
  } finally {
    db.close()
  }
}

test('a demo killed half-way goes on where it was and repeats no file that was finished', {
  timeout: 120_000,
}, async () => {
  mkdirSync(folder)
  for (let n = 0; n < files; n++) writeFileSync(join(folder, `${n}.txt`), `${'line\n'.repeat(2_000)}${n}`)

  const first = run(demo, [folder], { cwd, env: { DEMO_DATABASE: database } })
  await first.printed(`Process  ${first.child.pid}`)
  while (finished() < files / 20 && first.child.exitCode === null) await sleep(2)
  first.child.kill('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')
  const before = finished()
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(files)

  const second = run(demo, [folder], { cwd, env: { DEMO_DATABASE: database } })
  expect(await second.ended, second.output()).toBe(0)
  expect(second.output()).toContain(`${before} of ${files} files were finished by an earlier run; going on.`)
  expect(second.output()).toContain(`${files - before} files in this run, ${before} in earlier ones`)
  expect(second.output()).toContain(`${files} files, ${files} different, 0 could not be read.`)
  expect(existsSync(database)).toBe(false)
})
