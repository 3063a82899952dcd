/**
 * Scripts that tests start again and again, each with all that it imports of this repository in a few files: to find and
 * read a hundred sources takes a process longer than what most of them do. Made of the sources as they are, each time.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const made = join(root, '.cache/scripts')

/** What to start instead of a script, which must not ask where it lies. Packages, and what is loaded later, stay outside. */
export async function oneFile(script: URL): Promise<string> {
  const source = fileURLToPath(script)
  const outdir = join(made, relative(root, source).replace(/\.ts$/, ''))
  const { outputFiles } = await build({
    entryPoints: [source],
    outdir,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'esnext',
    keepNames: true,
    write: false,
  })
  for (const { path, text } of outputFiles) put(path, text)
  return join(outdir, `${basename(source, '.ts')}.mjs`)
}

/** Another test file may start the same script at this moment: it finds a whole file, or none. */
function put(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  const making = `${path}.${process.pid}`
  writeFileSync(making, text)
  renameSync(making, path)
}
