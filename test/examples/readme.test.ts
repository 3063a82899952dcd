/** The programs of the README, of docs/jobs.md and docs/dispatch.md, pasted and run. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, run } from './run.ts'

// Inside the package, so that `import 'piecework'` means this very build.
const folder = join(root, '.cache/readme')
beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** @param around what the page leaves out: before its program, and behind it. */
function paste(part: string, name: string, page = 'README.md', around: readonly [string, string] = ['', '']): string {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/```ts\n(.*?)```/gs)
  const block = [...blocks].map(([, code]) => code ?? '').find((code) => code.includes(part))
  if (block === undefined) throw new Error(`${page} has no program with ${part}`)
  const file = join(folder, name)
  writeFileSync(file, around.join(block))
  return file
}

test('the ten lines of the README greet the world, and the app stays alive for more', async () => {
  const hello = run(paste("sqlite('work.db')", 'hello.ts'), [], { cwd: folder })
  await hello.printed('Hello, world!')
  expect(hello.child.exitCode).toBe(null)
  hello.child.kill('SIGKILL')
  await hello.ended
})

test('the test of the README needs no minute for a minute', async () => {
  const testing = run(paste('manualClock()', 'testing.ts'), [], { cwd: folder })
  expect(await testing.ended, testing.output()).toBe(0)
  expect(testing.output()).toBe('completed\n')
})

test('the definition of the README is accepted', async () => {
  const definition = run(paste('z.object({ file: z.string() })', 'definition.ts'), [], { cwd: folder })
  expect(await definition.ended, definition.output()).toBe(0)
})

test('the job of the README reduces its parts, and run again it is the same job', async () => {
  const file = paste("job('letters'", 'letters.ts')
  for (const _ of ['first', 'again']) {
    const letters = run(file, [], { cwd: folder })
    expect(await letters.ended, letters.output()).toBe(0)
    expect(letters.output()).toBe('9\n')
  }
})

test('the rows of the README have their prices', async () => {
  const rows = run(paste("table: 'webpage'", 'rows.ts'), [], { cwd: folder })
  expect(await rows.ended, rows.output()).toBe(0)
  const shown = "{ url: '/a', price: 9.5, tries: 1 }, { url: '/b', price: 19, tries: 1 }"
  expect(rows.output().replaceAll('[Object: null prototype] ', '').replace(/\s+/g, ' ')).toContain(shown)
})

test('the job of docs/jobs.md does what it says', async () => {
  const before = 'const pages = [{ page: 1 }, { page: 2 }]\nconst wordsOf = (site, page) => site.length + page\n'
  const after = 'console.log(state, result)\nawait work.close()\n'
  const index = run(paste("job('index'", 'index.ts', 'docs/jobs.md', [before, after]), [], { cwd: folder })
  expect(await index.ended, index.output()).toBe(0)
  expect(index.output()).toBe('completed { words: 25 }\n')
})

test('the consumer of docs/jobs.md is done with each message once it is delivered', async () => {
  const before = `
import { job, type PartContext, piecework } from 'piecework'
import { sqlite } from 'piecework/sqlite'
type Page = { page: number }
const sent = []
const publish = async (text) => sent.push(JSON.parse(text))
const render = ({ page }, signal) => console.log('page', page, signal.aborted)
`
  const after = `
await work.run(pages, [{ page: 1 }, { page: 2 }])
for (const message of [...sent]) console.log(await isDone(message))
console.log(sent.at(-1).subject)
await work.close()
`
  const pages = run(paste("job('pages'", 'pages.ts', 'docs/jobs.md', [before, after]), [], { cwd: folder })
  expect(await pages.ended, pages.output()).toBe(0)
  expect(pages.output()).toBe('page 1 false\ntrue\npage 2 false\ntrue\nreduce\n')
})

test('the dispatch of docs/jobs.md runs its consumer once for each distinct word', async () => {
  const before = `
import { job, type TaskContext, piecework, task } from 'piecework'
import { memory } from 'piecework/memory'
const nightly = job('nightly', { map: ({ part, emit }) => emit({ word: part }) })
const visit = ({ item, site }) => console.log(item, site)
`
  // The page shows the consumer and its dispatch one after the other; in between comes what every app has.
  const between = `
const work = piecework({ storage: memory(), definitions: [nightly, look] })
await work.start()
await (await work.run(nightly, ['map', 'reduce', 'map'], { id: 'nightly' })).done()
`
  const after = 'console.log(result.items, result.completed, result.repeated)\nawait work.close()\n'
  const file = paste("task('look'", 'look.ts', 'docs/jobs.md', [before, after])
  writeFileSync(file, readFileSync(file, 'utf8').replace('\nconst dispatch =', `${between}const dispatch =`))
  const look = run(file, [], { cwd: folder })
  expect(await look.ended, look.output()).toBe(0)
  expect(look.output().split('\n').sort()).toEqual(['', '3 2 1', 'map example.org', 'reduce example.org'])
})

test('the dispatcher of docs/rows.md does what it says, also with its four functions', async () => {
  const before = `
const shop = new DatabaseSync('shop.db')
shop.exec("create table webpage (id integer primary key, url text, price real); create table account (credit real)")
shop.exec("insert into webpage (url, price) values ('/a', 1), ('/b', 2), ('/c', 3); insert into account values (5)")
shop.close()
const priceOf = async (url, signal) => (signal.aborted ? 'aborted' : url)
const savePrice = (id, price) => console.log(id, price)
`
  const after = 'await work.drain()\nconsole.log((await scrape.report()).completed)\nawait work.close()\n'
  const file = paste("rowDispatcher('scrape', {", 'pages-of-rows.ts', 'docs/rows.md', [before, after])
  const whole = readFileSync(file, 'utf8')
  const functions = readFileSync(paste('queueSlots: (', 'functions.ts', 'docs/rows.md'), 'utf8')
  for (const program of [whole, whole.replace('  run: async', `${functions}\n  run: async`)]) {
    rmSync(join(folder, 'shop.db'), { force: true })
    writeFileSync(file, program)
    const pages = run(file, [], { cwd: folder })
    expect(await pages.ended, pages.output()).toBe(0)
    // The functions select the dearest first.
    const order = program === whole ? ['1 /a', '2 /b', '3 /c'] : ['3 /c', '2 /b', '1 /a']
    expect(pages.output()).toBe([...order, '3', ''].join('\n'))
  }
})

test('the dispatch of docs/dispatch.md runs its consumer for each shop', async () => {
  const before = `
const pagesOf = async function* (shop, products) {
  yield { url: \`https://example.org/\${shop}\`, status: 200, products: [products] }
}
const storesJobId = [{ store_source_id: 'a' }, { store_source_id: 'b' }, { store_source_id: 'a' }]
`
  const after = 'console.log(result.run, result.completed, result.repeated)\nawait work.close()\n'
  const dispatch = run(paste("task('availability'", 'dispatch.ts', 'docs/dispatch.md', [before, after]), [], {
    cwd: folder,
  })
  expect(await dispatch.ended, dispatch.output()).toBe(0)
  expect(dispatch.output()).toBe('2 2 1\n')
})
