/** Each curl line of docs/http.md, run against its own program, and each answer held to what the page shows. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shell } from '../cli/kit.ts'
import { root, run } from '../examples/run.ts'
import { curlReason, hasCurl } from './kit.ts'

const page = readFileSync(join(root, 'docs/http.md'), 'utf8')
const token = 'a-token-of-the-docs'
// Inside the package, so that `import 'piecework/http'` means this very build.
const folder = join(root, '.cache/http-docs')
const socket = join(folder, 'party.sock')
let program: ReturnType<typeof run>
let port = ''

interface Line {
  readonly command: string
  readonly shown: string
}

function lines(): Line[] {
  const blocks = [...page.matchAll(/```console\n(.*?)```/gs)].map(([, text]) => text ?? '')
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((each) => ({ command: each.slice(0, each.indexOf('\n')), shown: each.slice(each.indexOf('\n') + 1) })),
  )
}

/** Times, ids and holders are others each time. */
function settled(text: string): string {
  return text
    .replaceAll(/\b\d{13}\b/g, 'INSTANT')
    .replaceAll(/"[0-9a-z]{24}"/g, '"ID"')
    .replaceAll(/"20(?!14)\d\d-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"')
    .replaceAll(/"holder":"[^"]+"/g, '"holder":"HOLDER"')
}

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const [, code = ''] = /```ts\n(.*?)```/s.exec(page) ?? []
  const own = code
    .replace('port: 8032', 'port: 0')
    .replace("sqlite('work.db')", 'memory()')
    .replace("import { sqlite } from 'piecework/sqlite'", "import { memory } from 'piecework/memory'")
  expect(own).toContain('port: 0')
  const after = `
await serveHttp(work, { path: ${JSON.stringify(socket)}, authorize: bearerToken(process.env.TOKEN) })
console.log('listens at', server.port, '.')`
  writeFileSync(join(folder, 'serve.ts'), own + after)
  program = run(join(folder, 'serve.ts'), [], { cwd: folder, env: { TOKEN: token } })
  await program.printed(' .')
  port = /listens at (\d+)/.exec(program.output())![1]!
})

afterAll(async () => {
  program.child.kill('SIGKILL')
  await program.ended
  rmSync(folder, { recursive: true, force: true })
})

test('Y8 Y9 Y18 every curl line of docs/http.md answers what the page shows', async ({ skip }) => {
  skip(!hasCurl, curlReason)
  const all = lines()
  expect(all.length).toBeGreaterThan(15)
  for (const { command, shown } of all) {
    const here = command.replaceAll('localhost:8032', `127.0.0.1:${port}`).replaceAll('/tmp/party.sock', socket)
    // Older curls have no --json.
    const line = here.replaceAll('--json', '-H "content-type: application/json" -d')
    const { stdout } = await shell(line, { TOKEN: token })
    expect(`$ ${command}\n${settled(stdout.trimEnd())}`).toBe(`$ ${command}\n${settled(shown.trimEnd())}`)
  }
})

test('the page names every route, and every route of the page is one', async () => {
  const document = (await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json()) as { paths: object }
  const real = Object.keys(document.paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
  const short = (path: string) => path.replace('/tasks/:id/retry', '/retry')
  expect(real.filter((path) => !page.includes(`${short(path)}\``))).toEqual([])
  const told = [...page.matchAll(/`(?:GET|POST|DELETE) (\/[^\s`?]*)[^`]*`/g)].map(([, path]) => path)
  expect(told.length).toBeGreaterThan(10)
  expect(told.filter((path) => !real.includes(path!))).toEqual([])
})
