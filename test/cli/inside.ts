/** Runs a command of the program in this process: into a pipe, or on what it takes for a terminal. */
import { Writable } from 'node:stream'
import { runProgram } from '../../src/cli/program.ts'
import type { Ran } from './kit.ts'

/** The servers of the tests take any credentials of AWS; they must only be there. */
process.env.AWS_ACCESS_KEY_ID ??= 'test'
process.env.AWS_SECRET_ACCESS_KEY ??= 'test'

export class Sink extends Writable {
  readonly isTTY: boolean
  readonly columns = 100
  text = ''

  constructor(isTTY = false) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk
    done()
  }
}

export async function inside(args: readonly string[], isTTY = false): Promise<Ran> {
  const stdout = new Sink(isTTY)
  const stderr = new Sink(isTTY)
  const code = await runProgram(args, { stdout, stderr })
  return { code, stdout: stdout.text, stderr: stderr.text }
}
