#!/usr/bin/env node
import { withoutSecrets } from './failure.ts'
import { interruptedCode } from './interrupt.ts'
import { runProgram } from './program.ts'

/** The program `piecework`. */
const args = process.argv.slice(2)
// What everybody on this machine sees of it in a list of processes, where a URL may have brought a password.
process.title = ['piecework', ...args.map(withoutSecrets)].join(' ')
// `node:sqlite` is experimental in some versions of Node: no news to whoever asks after a job. An app's warnings are its own.
if (args[0] !== 'work') process.removeAllListeners('warning')
// Who writes hears of a closed pipe (`piecework pending JOB | head -1`); one that closes later is nobody's trouble.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.exitCode = await runProgram(args, process)
// What was left behind may still be at work for a while: a call to a storage, or a task that does not heed its signal.
if (process.exitCode === interruptedCode || args[0] === 'work' || args[0] === 'serve') {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve))
  process.exit()
}
