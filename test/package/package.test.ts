/** The tarball as a stranger gets it: installed into an empty app, on every supported Node, under every module resolution. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from './bundle.ts'
import { closure, drivers, installedNames } from './installed.ts'
import { installNode, type Major, majors } from './nodes.ts'
import { installApp, needFreshDist, type Packed, pack, readManifest, root } from './pack.ts'
import { run } from './shell.ts'
import { resolutions, typeCheck } from './types.ts'

const manifest = readManifest(root)
const optionalPeers = Object.keys(manifest.peerDependencies ?? {})
/** What the testing kit cannot be loaded without. */
const kit = 'fast-check'
const kitSubpaths = ['piecework/testing', 'piecework/conformance']
/** Whose types stand in our declarations: who takes a client of it has it. Nothing of it is needed to load the subpath. */
const typedPeers = { 'piecework/mongo': 'mongodb' }
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => subpath.replace(/^\./, manifest.name))
const bareSubpaths = subpaths.filter((subpath) => !kitSubpaths.includes(subpath))
const plainSubpaths = bareSubpaths.filter((subpath) => !Object.hasOwn(typedPeers, subpath))

const temp = mkdtempSync(join(tmpdir(), 'piecework-package-'))
const bare = join(temp, 'bare')
const equipped = join(temp, 'equipped')
const nodes = new Map<Major, string>()
let packed: Packed

beforeAll(async () => {
  await needFreshDist()
  // Downloads and two small machines: more at once only makes all of them late.
  const queue = new PQueue({ concurrency: 2 })
  const installs = majors.map((major) => async () => void nodes.set(major, await installNode(major, temp)))
  const app = async () => {
    packed = await pack(temp)
    await installApp(packed.tarball, bare)
    cpSync(bare, equipped, { recursive: true })
    for (const name of [kit, 'piscina', ...Object.values(typedPeers)]) {
      symlinkSync(join(root, 'node_modules', name), join(equipped, 'node_modules', name))
    }
  }
  await queue.addAll([app, ...installs])
}, 150_000)

afterAll(() => rmSync(temp, { recursive: true, force: true }))

describe('what is in it', () => {
  test('the tarball holds the built files and the papers, and nothing of the workshop', () => {
    const papers = /^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md|docs\/[\w-]+\.md)$/
    expect(packed.files.filter((path) => !path.startsWith('dist/') && !papers.test(path))).toEqual([])
    expect(packed.files).toContain('LICENSE')
  })

  test('an install brings the declared dependencies, what they need, and no database driver', () => {
    const direct = Object.keys(readManifest(join(bare, 'node_modules', manifest.name)).dependencies ?? {})
    const known = [
      '@hono/node-server',
      '@standard-schema/spec',
      'cli-progress',
      'cli-table3',
      'commander',
      'croner',
      'hono',
      'ms',
      'p-queue',
      'rotating-file-stream',
      'typed-emitter',
    ]
    expect(direct.filter((name) => !known.includes(name))).toEqual([])
    const installed = installedNames(bare)
    console.log(`installed: ${installed.join(', ')}`)
    expect(installed).toEqual(closure(bare, manifest.name))
    expect(installed.filter((name) => drivers.test(name) || optionalPeers.includes(name))).toEqual([])
  })

  test('the core bundles into one file that imports nothing, not even of Node', async () => {
    const { bytes, imports } = await bundle(join(root, 'dist', 'core.js'), join(temp, 'bundle'))
    console.log(`core bundle: ${bytes} bytes`)
    expect(imports).toEqual([])
  })
})

describe.each(majors)('on Node %i', (major) => {
  const faces = async (app: string, loader: string, paths: readonly string[]) => {
    const { stdout } = await run(nodes.get(major)!, [loader, ...paths], app)
    return JSON.parse(stdout) as Record<string, string[] | string>
  }

  test('every subpath loads by import and by require, with the same names', async () => {
    const imported = await faces(equipped, 'faces.mjs', subpaths)
    const counts = Object.entries(imported).map(
      ([path, names]) => `${path} ${Array.isArray(names) ? names.length : names}`,
    )
    console.log(`Node ${major} exports: ${counts.join(', ')}`)
    // A face of types alone would be a subpath with nothing to import.
    for (const [path, names] of Object.entries(imported))
      expect({ [path]: names }).toEqual({ [path]: expect.arrayContaining([expect.any(String)]) })
    const required = await faces(equipped, 'faces.cjs', subpaths)
    // What `require` of an ES module adds by itself.
    const own = (names: string[] | string) =>
      Array.isArray(names) ? names.filter((name) => name !== '__esModule') : names
    expect(Object.fromEntries(Object.entries(required).map(([path, names]) => [path, own(names)]))).toEqual(imported)
  })

  test('without any optional peer, every subpath that needs none loads', async () => {
    const loaded = await faces(bare, 'faces.mjs', bareSubpaths)
    expect(Object.entries(loaded).filter(([, names]) => !Array.isArray(names))).toEqual([])
  })

  test('the first program says hello, ends by itself and warns of nothing', async () => {
    expect(await run(nodes.get(major)!, ['hello.mjs'], bare, 20_000)).toEqual({ stdout: 'hi you\n', stderr: '' })
  })

  test('a handler in a file runs in a thread, or it is said what to install', async () => {
    const node = nodes.get(major)!
    await expect(run(node, ['threads.mjs'], bare, 20_000)).rejects.toThrow('missing_driver')
    expect(await run(node, ['threads.mjs'], equipped, 20_000)).toEqual({ stdout: 'hi you, elsewhere\n', stderr: '' })
  })

  test('a task in an SQLite file waits for the next process, or it is said what this Node lacks', async () => {
    const args = ['--disable-warning=ExperimentalWarning', 'sqlite.mjs', `${major}.db`]
    const node = nodes.get(major)!
    // Node 20 has no SQLite of its own and does not know the flag for the warning of those that have.
    if (major === 20) {
      const { stdout } = await run(node, args.slice(1), bare, 20_000)
      expect(stdout).toMatch(/^missing_driver Node 20\.\S+ has no `node:sqlite`: use Node 22\.13 or later, or pass/)
      return
    }
    expect(await run(node, args, bare, 20_000)).toEqual({ stdout: 'waiting undefined\n', stderr: '' })
    expect(await run(node, args, bare, 20_000)).toEqual({ stdout: 'completed hi you\n', stderr: '' })
  })
})

describe.each(majors)('the program piecework on Node %i', (major) => {
  const piecework = (...args: string[]) => {
    const program = join(bare, 'node_modules', '.bin', 'piecework')
    return run(nodes.get(major)!, [program, ...args], bare, 20_000)
  }

  test('says its version and what it can do, and nothing on standard error', async () => {
    expect(await piecework('--version')).toEqual({ stdout: `${manifest.version}\n`, stderr: '' })
    expect(await piecework('--help')).toEqual({
      stdout: expect.stringContaining('pending [options] <job>'),
      stderr: '',
    })
  })

  test('lists the jobs of an SQLite file, or it is said what this Node lacks', async () => {
    const file = `cli-${major}.db`
    writeFileSync(join(bare, file), '')
    const listed = piecework('ls', '--storage', `sqlite:${file}`)
    if (major === 20) await expect(listed).rejects.toThrow(/ended with 1\n\nerror: Node 20\.\S+ has no `node:sqlite`/)
    else expect(await listed).toEqual({ stdout: '', stderr: '' })
  })

  test.each([
    ['postgres://127.0.0.1/x', 'Install `pg` to use piecework/postgres'],
    ['mongodb://127.0.0.1/x', 'Install `mongodb` to use piecework/mongo'],
    ['dynamodb://jobs?region=x', 'Install `@aws-sdk/client-dynamodb` to use piecework/dynamodb'],
  ])('W44 names the driver that has to be installed for %s', async (storage, message) => {
    await expect(piecework('ls', '--storage', storage)).rejects.toThrow(`ended with 1\n\nerror: ${message}\n`)
  })
})

describe.each(resolutions)('under module resolution %s', (resolution) => {
  test('an app without optional peers compiles, with every declaration file checked', async () => {
    await typeCheck(bare, resolution, plainSubpaths)
  })

  test('an app with the peers that it uses compiles, with every declaration file checked', async () => {
    await typeCheck(equipped, resolution, subpaths)
  })
})

describe('what the checkers of packages say', () => {
  test('publint finds no error', async () => {
    const tarball = readFileSync(packed.tarball)
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } })
    for (const { type, code, path } of messages) console.log(`publint ${type}: ${code} at ${path.join('.')}`)
    expect(messages.filter(({ type }) => type === 'error')).toEqual([])
  })

  test('are the types wrong? finds no error', async () => {
    const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
    expect(existsSync(attw)).toBe(true)
    const options = ['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--format', 'ascii']
    await run(process.execPath, [attw, packed.tarball, ...options], temp)
  })
})
