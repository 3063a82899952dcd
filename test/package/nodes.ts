/** Brings a Node of another major into a folder, by the npm package `node`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './shell.ts'

/** Every line that the package promises to run on: 20.19 and each later one with long-term support. */
export const majors = [20, 22, 24, 26] as const
export type Major = (typeof majors)[number]

export async function installNode(major: Major, into: string): Promise<string> {
  const folder = join(into, `node-${major}`)
  mkdirSync(folder, { recursive: true })
  // Its install script fetches the binary; npm 11 runs only the scripts of packages that are named here.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
  await run('npm', ['install', `node@${major}`, '--no-audit', '--no-fund', '--ignore-scripts=false'], folder, 120_000)
  const node = join(folder, 'node_modules', '.bin', 'node')
  const { stdout } = await run(node, ['--version'], folder)
  if (!stdout.startsWith(`v${major}.`)) throw new Error(`Expected Node ${major}, got ${stdout.trim()}`)
  return node
}
