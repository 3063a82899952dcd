/** The C libraries of the next Debian, unpacked beside this one's: for a native addon that is built against them. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { alone, cacheFolder } from './install.ts'
import type { Missing } from './server.ts'

const run = promisify(execFile)
const release = 'trixie'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const packages = ['libc6', 'libstdc++6', 'libgcc-s1']
const unpacked = join(cacheFolder, `glibc-${release}`)

/** How a program is started with libraries that it would not find by itself: the loader, and what it is told. */
export interface Loader {
  readonly file: string
  readonly args: readonly string[]
}

/** A loader whose C library is at least of this version, `undefined` where this machine's own is. */
export async function loaderFor(minor: number): Promise<Loader | Missing | undefined> {
  if (ownMinor() >= minor) return undefined
  if (process.arch !== 'x64' || !existsSync('/usr/bin/dpkg')) {
    return { missing: `its engine needs glibc 2.${minor}, and this is 2.${ownMinor()} on no Debian for x64` }
  }
  try {
    await alone('glibc', async () => {
      if (!existsSync(unpacked)) await download()
    })
  } catch (error) {
    return { missing: `its engine needs glibc 2.${minor}, which apt did not give: ${String(error).split('\n')[0]}` }
  }
  const libraries = join(unpacked, 'usr/lib/x86_64-linux-gnu')
  return { file: join(libraries, 'ld-linux-x86-64.so.2'), args: ['--library-path', libraries] }
}

function ownMinor(): number {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return Number(report.header.glibcVersionRuntime?.split('.')[1] ?? 0)
}

/** Downloaded by apt, which checks the signatures, and never installed: apt's own state stays as it is. */
async function download(): Promise<void> {
  const work = `${unpacked}.work`
  rmSync(work, { recursive: true, force: true })
  for (const folder of ['lists/partial', 'state', 'cache/archives/partial', 'root']) {
    mkdirSync(join(work, folder), { recursive: true })
  }
  writeFileSync(join(work, 'status'), '')
  writeFileSync(join(work, 'sources.list'), `deb [signed-by=${keyring}] ${mirror()} ${release} main\n`)
  const settings = {
    'Dir::State': join(work, 'state'),
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::SourceList': join(work, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const limits = { cwd: work, timeout: 120_000 }
  await run('apt-get', ['-q', ...options, 'update'], limits)
  await run('apt-get', ['-q', ...options, 'download', ...packages], limits)
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg', ['-x', file, 'root'], limits)
  }
  renameSync(join(work, 'root'), unpacked)
  rmSync(work, { recursive: true, force: true })
}

/** Where this machine gets its own Debian packages from. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d'
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder) : []).map((f) => join(folder, f)),
  ]
  for (const file of files.filter((each) => existsSync(each))) {
    const text = readFileSync(file, 'utf8')
    const found = /^(?:URIs:|deb\s+(?:\[[^\]]*\]\s+)?)\s*(\S*\/debian\/?)(?=\s|$)/m.exec(text)
    if (found?.[1]) return found[1]
  }
  throw new Error('no Debian mirror stands in the sources of apt')
}
