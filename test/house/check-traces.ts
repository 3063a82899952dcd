/** Finds what a tree must not carry from the machine it was made on: its registry and its folders. */
import type { SourceFile } from './files.ts'

/** Hosts of public registries; in halves, so that this file does not carry them either. */
const registries = [
  ['registry.npmjs', 'org'],
  ['registry.yarnpkg', 'com'],
  ['registry.npmmirror', 'com'],
  ['npm.pkg.github', 'com'],
  ['npm.jsr', 'io'],
].map((halves) => halves.join('.'))

/** `/home/` and its like as the beginning of a path, also after `file://`; not `/home/` within a longer one. */
const machinePath = /(?<![\w.~$}@-])\/(?:work|root|home|Users)\/[\w.@-]/

export function checkTraces({ path, text }: SourceFile): string[] {
  const breaches: string[] = []
  text.split('\n').forEach((line, index) => {
    const place = `${path}:${index + 1}`
    const host = registries.find((one) => line.includes(one))
    if (host) breaches.push(`${place} names the registry ${host}`)
    if (machinePath.test(line)) breaches.push(`${place} holds a path of one machine: ${machinePath.exec(line)![0]}`)
    // A lock file with addresses installs only where those addresses are reachable.
    if (isLock(path) && /"?resolved"?:? "http/.test(line)) breaches.push(`${place} holds a download address`)
  })
  return breaches
}

function isLock(path: string): boolean {
  return /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml)$/.test(path)
}
