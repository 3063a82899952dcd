/** The program: all its commands, and how each mistake is told. */
import { createRequire } from 'node:module'
import { styleText } from 'node:util'
import { Argument, Command, CommanderError } from 'commander'
import { completion, type Shell, shells } from './commands/completion.ts'
import { wordsOf } from './completion/words.ts'
import { lineOf, oneLine, withoutSecrets } from './failure.ts'
import { InterruptedError, interruptedCode } from './interrupt.ts'
import { addJobCommands } from './job-commands.ts'
import type { Output } from './output.ts'
import { addServingCommands } from './serving-commands.ts'
import { addStorageCommands } from './storage-commands.ts'
import { storageHelp } from './storages.ts'
import { addTaskCommands } from './task-commands.ts'
import { example, type Tools, toolsFor } from './tools.ts'

/** Where a program writes. */
export interface Streams {
  readonly stdout: Output
  readonly stderr: Output
}

const { version } = createRequire(import.meta.url)('piecework/package.json') as { version: string }

const endings = `
Answers go to stdout: a table on a terminal, else one JSON object a line. Errors go to stderr in one line, and the exit
code is then 1, also when the command was mistyped or there is no such job.
`

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
    .description(
      "Asks after tasks, jobs and schedules and changes them, in whatever storage they are, and does an app's work.",
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or what a command can do')
    .helpCommand(false)
    .addHelpText('after', endings + storageHelp)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // It gives its hint a line of its own.
      outputError: (text) => fail(oneLine(withoutSecrets(text.replace(/^error: /, '')))),
    })

  const warn = (line: string) => void stderr.write(`${styleText('yellow', 'warning:')} ${oneLine(line)}\n`)
  const tools = toolsFor(program, { stdout, warn })
  addJobCommands(tools)
  addTaskCommands(tools)
  addStorageCommands(tools)
  addServingCommands(tools)
  addCompletion(program, tools)
  return program
}

const completionHelp = `
Of commands, flags and their values, as this version has them. In ~/.bashrc, or behind compinit in ~/.zshrc:
  source <(piecework completion bash)
  source <(piecework completion zsh)
and once for fish:
  piecework completion fish > ~/.config/fish/completions/piecework.fish`

function addCompletion(program: Command, { plainCommand, stdout }: Tools): void {
  plainCommand('completion', 'what a shell has to know to complete all this')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', completionHelp + example('completion bash'))
    .action((shell: Shell) => completion(shell, wordsOf(program), stdout))
}
