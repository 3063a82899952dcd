/** The programs of the pages on schedules, cleanup, threads and of the README's part on them, pasted and run. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root, run } from '../examples/run.ts'

// Inside the package, so that `import 'piecework'` means this very build.
const folder = join(root, '.cache/programs')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The blocks of a page, in the language of programs. */
function blocksOf(page: string): string[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '')
}

/** Runs it in a folder of its own, which may have other files, and answers what it printed. */
async function printed(name: string, program: string, files: Record<string, string> = {}): Promise<string> {
  const cwd = join(folder, name)
  rmSync(cwd, { recursive: true, force: true })
  mkdirSync(cwd, { recursive: true })
  for (const [file, text] of Object.entries({ ...files, 'program.ts': program })) writeFileSync(join(cwd, file), text)
  const ran = run(join(cwd, 'program.ts'), [], { cwd, env: { TOKEN: 'a-token-of-the-docs' } })
  expect(await ran.ended, ran.output()).toBe(0)
  return ran.output()
}

/** Of a page, how many blocks there are: one that is added has to be run as well. */
function blocks(page: string, count: number): string[] {
  const all = blocksOf(page)
  expect([page, all.length]).toEqual([page, count])
  return all
}

test('docs/schedules.md: a schedule is there, and its task comes at its tick', async () => {
  const [program = ''] = blocks('docs/schedules.md', 2)
  const before = 'const send = (input, runAt) => console.log(input, runAt > 0)\n'
  const after = `
const [next] = await work.scheduled('report').next(1)
console.log(next.local.slice(10, 19), (await work.scheduled('report').info()).state)
console.log(work.preview({ cron: '0 9 * * 1-5', timeZone: 'Europe/Athens' }, 1)[0].at === next.at)
await work.schedule(report, { name: 'now', at: Date.now() - 1, input: { to: 'me' } })
await work.close()
await piecework({ storage: sqlite('work.db'), definitions: [report] }).drain()
`
  expect(await printed('schedules', before + program + after)).toBe("T09:00:00 active\ntrue\n{ to: 'me' } true\n")
})

test('docs/schedules.md: a recurring task takes the last time that it set, and is one of its input', async () => {
  const [, program = ''] = blocksOf('docs/schedules.md')
  const before = `
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'
const charge = ({ customer }) => console.log('charged', customer)
`
  // The page shows the definition and its add; in between comes what every app has.
  const made = program.replace(
    '\nawait work.add',
    '\nconst work = piecework({ storage: memory(), definitions: [bills] })\nawait work.add',
  )
  expect(made).not.toBe(program)
  const after = `
const { id, status } = await work.add(bills, { customer: 7 })
await work.drain()
const { state, runAt, addedAt } = await work.get(id)
console.log(status, state, (runAt - addedAt) / 86_400_000)
`
  expect(await printed('recurring', before + made + after)).toBe('charged 7\nduplicate waiting 30\n')
})

test('docs/cleanup.md: what is done goes to files, and from the archive it goes as the page says', async () => {
  const [program = '', archive = ''] = blocks('docs/cleanup.md', 2)
  const send = 'const send = () => "sent"\n'
  const after = `
await work.add(mail, 1)
const late = await work.add(cleaning, undefined, { delay: '1h' })
while ((await work.status()).tasks.mail.completed !== 1) await new Promise((resolve) => setTimeout(resolve, 20))
const { task: cleaned } = await work.runTask(late.id)
console.log((await work.scheduled('cleanup').info()).rule.every, cleaned.result)
await work.purge({ archived: true })
const folder = 'more'
${archive}
await work.close()
`
  const imports = "import { ndjsonSink } from 'piecework/cleanup'\n"
  expect(await printed('cleanup', imports + send + program + after)).toBe(
    "3600000 { completed: 0, failed: 0, cancelled: 0, keptIn: 'files' }\n",
  )
  // The mail is kept for a day, by its own retention.
  expect(readdirSync(join(folder, 'cleanup'))).toEqual(expect.arrayContaining(['done', 'work.db']))
})

test('docs/threads.md: the handler of the page runs in a thread, with what it tells', async () => {
  const [encode = '', program = ''] = blocks('docs/threads.md', 2)
  const handler = `const framesOf = (path) => [path, path]\nconst encode = (frame) => frame.length\n${encode}`
  const after = `
import { memory } from 'piecework/memory'
const work = piecework({ storage: memory(), definitions: [encode] })
const { id } = await work.add(encode, { path: 'a' })
await work.drain()
const { state, result, progress } = await work.get(id)
console.log(state, result, progress)
await work.close()
`
  expect(await printed('threads', program + after, { 'encode.ts': handler })).toBe("completed { path: 'a.webm' } 1\n")
})

test('the README: a schedule, a cleanup and a server, which lets in who has the token', async () => {
  const program = blocksOf('README.md').find((block) => block.includes('serveHttp')) ?? ''
  const after = `
const headers = { authorization: \`Bearer \${process.env.TOKEN}\` }
const get = async (path, given) => (await fetch(server.address + path, given)).json()
console.log((await get('/schedules', { headers })).schedules.map(({ name, task }) => [name, task]))
console.log((await get('/schedules', {})).error.code)
await server.close()
await work.close()
`
  expect(await printed('readme', program.replace('port: 8032', 'port: 0') + after)).toBe(
    "[ [ 'cleanup', 'cleanup' ], [ 'report', 'report' ] ]\nforbidden\n",
  )
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain("file: new URL('./encode.ts', import.meta.url)")
})
