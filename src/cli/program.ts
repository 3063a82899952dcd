/** The commands and their options, and how each mistake is told. */
import { createRequire } from 'node:module'
import { styleText } from 'node:util'
import { Command, CommanderError, Option } from 'commander'
import type { Piecework } from '../index.ts'
import { jsonObject, wholeNumber } from './arguments.ts'
import { consumerOf, type DispatchFlags, dispatch } from './commands/dispatch.ts'
import { info } from './commands/info.ts'
import { ls } from './commands/ls.ts'
import { pending } from './commands/pending.ts'
import { lineOf, oneLine } from './failure.ts'
import { InterruptedError, interruptedCode } from './interrupt.ts'
import type { Output } from './output.ts'
import { withWork } from './session.ts'
import { storageHelp } from './storages.ts'

/** Where a program writes. */
export interface Streams {
  readonly stdout: Output
  readonly stderr: Output
}

const { version } = createRequire(import.meta.url)('piecework/package.json') as { version: string }

const endings = `
Answers go to stdout: a table on a terminal, else one JSON object a line. Errors go to stderr in one line, and the exit
code is then 1, also when the command was mistyped or there is no such job.`

const dispatchHelp = `
The consumer is run by processes elsewhere, which are given its definition. Values that ran well before are not run again,
nor those that have no execution left; the exit code is 1 where any is left over. Ctrl-C ends the watching, not the work.`

/** Runs one command line. Resolves with its exit code, and never rejects. */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  const fail = (message: string) => streams.stderr.write(`${styleText('red', 'error:')} ${message}\n`)
  const program = programFor(streams, fail)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode
    if (error instanceof InterruptedError) {
      if (error.message) streams.stderr.write(`${error.message}\n`)
      return interruptedCode
    }
    fail(lineOf(error))
    return 1
  }
}

function programFor({ stdout, stderr }: Streams, fail: (message: string) => void): Command {
  const program = new Command('piecework')
    .description('Asks after jobs of piecework and starts dispatches, in whatever storage they are.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or what a command can do')
    .helpCommand(false)
    .addHelpText('after', endings + storageHelp)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // It gives its hint a line of its own.
      outputError: (text) => fail(oneLine(text.replace(/^error: /, ''))),
    })

  const command = (name: string, description: string) => {
    const storage = new Option('--storage <url>', 'where the jobs are').env('PIECEWORK_STORAGE')
    // Commander copies the settings of how to write and exit.
    return program.command(name).description(description).addOption(storage).addHelpText('after', storageHelp)
  }
  const using = (options: { storage?: string }, body: (work: Piecework) => Promise<void>) =>
    withWork(options.storage, body)

  command('info <job>', 'what is known of a job')
    .option('--watch', 'go on until it is over, with a bar on a terminal; exit code 1 where it does not end well')
    .action((job, options) => using(options, (work) => info(work, job, options, stdout)))

  command('ls', 'the jobs of a storage, in the order of their ids')
    .option('--ids', 'print their ids alone')
    .option('--hide-completed', 'leave out those that are completed')
    .action((options) => using(options, (work) => ls(work, options, stdout)))

  command('pending <job>', 'the numbers of the parts that are not done, one a line')
    .option('--array', 'print them as one JSON array')
    .action((job, options) => using(options, (work) => pending(work, job, options, stdout)))

  command('dispatch', 'hand each distinct value among the items of a task or job over to a consumer')
    .requiredOption('--consume-job-items <id>', 'the completed task or job whose items are read')
    .requiredOption('--consume-job-attribute <key>', 'the key of each item whose value is handed over')
    .requiredOption('--consumer <name>', 'the task that runs once for each value, which it has as `input.item`')
    .option('--consumer-args <json>', 'a JSON object: what else its input has', jsonObject)
    .option('--workers <n>', 'at most so many executions at once, over all processes', wholeNumber, 8)
    .option('--project <name>', 'keeps this dispatch apart from those of other projects to the same consumer')
    .option('--begin', 'forget what was run before, and run everything from scratch')
    .option('--no-wait', 'end once all items are handed over')
    .addHelpText('after', dispatchHelp)
    .action((flags: DispatchFlags & { storage?: string }) => {
      const to = consumerOf(flags.consumer)
      return withWork(flags.storage, (work) => dispatch(work, to, flags, stdout), [to])
    })

  return program
}
