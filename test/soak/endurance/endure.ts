/** Runs the process of the endurance run, and reads what it found. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Endurance } from './flat.ts'

export interface EnduranceOptions {
  readonly tasks: number
  readonly seed: number
  /** Told each look as it is made, as JSON. */
  readonly onLook?: (line: string) => void
}

/**
 * Code stays as it was when it was first run. What is optimised by and by, and what that needs, is up to 4 MB more for some
 * hundred thousand tasks: of that, a small leak could not be told.
 */
const unchanging = ['--no-opt', '--no-maglev', '--no-lazy-feedback-allocation', '--no-flush-bytecode']

/** @throws where the process ends badly, with what it wrote. */
export async function endure({ tasks, seed, onLook = () => {} }: EnduranceOptions): Promise<Endurance> {
  const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', ...unchanging]
  const program = join(import.meta.dirname, 'process.ts')
  const child = spawn(process.execPath, [...flags, program, String(tasks), String(seed)])
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part
    onLook(part.trimEnd())
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', reject)
  })
  const [answer, code] = await Promise.all([text(child.stdout), ended])
  if (code !== 0) throw new Error(`The endurance run with seed ${seed} ended with ${code}:\n${said}`)
  return JSON.parse(answer) as Endurance
}
