/** Runs a command of the program in this process: into a pipe, or on what it takes for a terminal. */
import { Writable } from 'node:stream'
import { runProgram } from '../../src/cli/program.ts'
import type { Ran } from './kit.ts'

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
