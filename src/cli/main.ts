#!/usr/bin/env node
/** The program `piecework`. */
import { interruptedCode } from './interrupt.ts'
import { runProgram } from './program.ts'

// `node:sqlite` is experimental in some versions of Node: no news to whoever asks after a job.
process.removeAllListeners('warning')
// Who writes hears of a closed pipe (`piecework pending JOB | head -1`); one that closes later is nobody's trouble.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.exitCode = await runProgram(process.argv.slice(2), process)
// What was left behind may still be at work for a while.
if (process.exitCode === interruptedCode) process.exit()
