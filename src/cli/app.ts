/** The app's own module: what it exports is worked for, or answers, as it was made there. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Piecework } from '../index.ts'
import { lineOf, UsageError } from './failure.ts'

/** What is needed of it. It may be another copy of the package than this one, so its class says nothing. */
const verbs = ['start', 'stop', 'close', 'status'] as const satisfies readonly (keyof Piecework)[]

/** @throws UsageError where the module cannot be loaded, or exports no instance. */
export async function instanceOf(file: string): Promise<Piecework> {
  const path = resolve(file)
  if (!existsSync(path)) throw new UsageError(`There is no file ${file}`)
  const found = await loaded(file, path)
  const instance = [found.default, found.work].find(isInstance)
  if (instance) return instance
  throw new UsageError(`Expected ${file} to export what piecework(...) gives, as \`work\` or as its default`)
}

async function loaded(file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${lineOf(error)}${placeOf(error)}`)
  }
}

function isInstance(value: unknown): value is Piecework {
  return (
    typeof value === 'object' &&
    value !== null &&
    verbs.every((verb) => typeof (value as Record<string, unknown>)[verb] === 'function')
  )
}

/** The mistake is in a file of the app's: an error without its place would not be found. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? String(error.stack) : ''
  const [, line = '', place = line] = /^(file:\S+:\d+)$|\(?(file:[^\s)]+:\d+:\d+)\)?$/m.exec(stack) ?? []
  return place === '' ? '' : ` (${place})`
}
