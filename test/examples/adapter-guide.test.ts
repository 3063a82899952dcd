/** docs/writing-an-adapter.md: its code is the template's or runs, its steps are as it says, its links lead somewhere. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cases, oracle, runCase } from '../../src/conformance/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { root, run } from './run.ts'

const guide = readFileSync(join(root, 'docs/writing-an-adapter.md'), 'utf8')
const blocks = [...guide.matchAll(/```ts\n(.*?)\n(.*?)```/gs)].map(([, first = '', code = '']) => ({ first, code }))
const cut = blocks.filter(({ first }) => first.startsWith('// adapters/template/'))

describe('the code of the guide', () => {
  test.each(cut)('is as it stands in $first', ({ first, code }) => {
    expect(readFileSync(join(root, first.slice('// '.length)), 'utf8')).toContain(code)
  })

  // Inside the package, so that `import 'piecework/memory'` means this very build.
  const folder = join(root, '.cache/adapter-guide')
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is cut from the template or run by this test', () => {
    expect(cut.length).toBeGreaterThan(3)
    expect(blocks.filter((block) => !cut.includes(block)).map(({ first }) => first)).toEqual([
      '// run as it stands, with node --test',
    ])
  })

  test.each([
    [[], cases.length + 2],
    [['--test-name-pattern=^claim - '], cases.filter(({ name }) => name.startsWith('claim - ')).length],
  ])('runs the suite with node --test %s', async (options, count) => {
    const file = join(folder, 'my.test.ts')
    writeFileSync(file, blocks.find(({ first }) => first.startsWith('// run as it stands'))?.code ?? '')
    const tested = run('--test', ['--test-reporter=tap', ...options, file], { cwd: folder })
    expect(await tested.ended, tested.output()).toBe(0)
    expect(tested.output()).toMatch(new RegExp(`^# tests ${count}$`, 'm'))
    expect(tested.output()).toMatch(/^# fail 0$/m)
  })

  test('shows the filters that it names, both for a group that there is', () => {
    const filters = [...guide.matchAll(/(?:-t|--test-name-pattern=)\s?'\^?([a-z ]+ - )'/g)].map(([, group]) => group)
    expect(filters.length).toBeGreaterThan(2)
    for (const group of filters.filter((each) => each !== 'model - ')) {
      expect(cases.some(({ name }) => name.startsWith(String(group)))).toBe(true)
    }
  })
})

describe('the steps of the guide', () => {
  const groupOf = (name: string) => name.slice(0, name.indexOf(' - '))
  const words = (text: string) => [...text.matchAll(/`([a-z ]+)`/g)].map(([, word = '']) => word)
  const steps = [...guide.matchAll(/^\| (\d) \| (.*?) ?\| (.*?) ?\|$/gm)].map(([, step, verbs = '', groups = '']) => ({
    step: Number(step),
    verbs: words(verbs),
    groups: words(groups),
  }))

  /** A correct storage that has only these verbs yet. */
  function begun(verbs: ReadonlySet<string>): Storage {
    const storage = { ...oracle(), now: () => ({ now: 1_700_000_000_000, error: 0 }) } as Record<string, unknown>
    for (const verb of ['insert', 'get', 'claim', 'apply', 'extend', 'find', 'count']) {
      if (!verbs.has(verb)) storage[verb] = () => Promise.reject(new Error('not yet'))
    }
    return storage as unknown as Storage
  }

  async function greenGroups(verbs: ReadonlySet<string>): Promise<Set<string>> {
    const green = new Set(cases.map(({ name }) => groupOf(name)))
    for (const each of cases) await runCase(each, () => begun(verbs)).catch(() => green.delete(groupOf(each.name)))
    return green
  }

  test('make those groups green that it says, and no others', async () => {
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    // What is optional is the last step's, and skipped before it.
    const optional = new Set(steps[6]?.groups)
    const verbs = new Set<string>()
    let before = new Set<string>()
    for (const step of steps.slice(0, 6)) {
      for (const verb of step.verbs) verbs.add(verb)
      const green = await greenGroups(verbs)
      const fresh = [...green].filter((group) => !before.has(group) && !optional.has(group))
      expect(fresh.sort(), `step ${step.step}`).toEqual([...step.groups].sort())
      before = green
    }
  })

  test('name every group of the suite once', () => {
    const named = steps.flatMap(({ groups }) => groups)
    expect(named.sort()).toEqual([...new Set(cases.map(({ name }) => groupOf(name))), 'model', 'race'].sort())
  })

  test('say truly how many cases of insert are green at the first', async () => {
    const inserts = cases.filter(({ name }) => name.startsWith('insert - '))
    let green = 0
    for (const each of inserts) {
      await runCase(each, () => begun(new Set(['insert', 'get']))).then(
        () => (green += 1),
        () => {},
      )
    }
    expect(guide).toContain(`shows ${green} of ${inserts.length} green`)
  })
})

test('every link of the guide leads to a file or a heading', () => {
  const headings = [...guide.matchAll(/^##+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  )
  const links = [...guide.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target)
  expect(links.length).toBeGreaterThan(15)
  for (const target of links) {
    if (target.startsWith('#')) expect(headings).toContain(target.slice(1))
    else expect(existsSync(join(root, 'docs', target)), target).toBe(true)
  }
})
