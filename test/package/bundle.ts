/** Bundles one built file as an app's bundler would, and reads what it would still import. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { importsOf } from '../house/check-imports.ts'

export interface Bundle {
  bytes: number
  imports: (string | undefined)[]
}

export async function bundle(file: string, outDir: string): Promise<Bundle> {
  await build({
    entry: { bundle: file },
    outDir,
    config: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Everything goes in; what is then still imported can only be of Node.
    noExternal: [/./],
    removeNodeProtocol: false,
    silent: true,
    dts: false,
  })
  const path = join(outDir, 'bundle.js')
  const text = readFileSync(path, 'utf8')
  return { bytes: Buffer.byteLength(text), imports: importsOf({ path, text }).map(({ target }) => target) }
}
