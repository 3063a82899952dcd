/** What each command is made with: its flag for the storage, its help, and an instance on that storage. */
import { type Command, Option } from 'commander'
import type { Piecework, PieceworkOptions } from '../index.ts'
import type { Output } from './output.ts'
import { withWork } from './session.ts'
import { storageHelp } from './storages.ts'

/** What the flag common to all commands gives. */
export interface StorageFlags {
  readonly storage?: string
}

/** Where a command says what. */
export interface Streams {
  readonly stdout: Output
  /** Tells what somebody should know, though it goes on. */
  readonly warn: (line: string) => void
}

export interface Tools extends Streams {
  command(name: string, description: string): Command
  /** One that needs no `--storage`. */
  plainCommand(name: string, description: string): Command
  using(
    flags: StorageFlags,
    body: (work: Piecework) => Promise<void>,
    definitions?: PieceworkOptions['definitions'],
  ): Promise<void>
}

export function toolsFor(program: Command, streams: Streams): Tools {
  // Commander copies the settings of how to write and exit.
  const plainCommand = (name: string, description: string) => program.command(name).description(description)
  return {
    ...streams,
    plainCommand,
    command(name, description) {
      const storage = new Option('--storage <url>', 'where the tasks and jobs are').env('PIECEWORK_STORAGE')
      return plainCommand(name, description).addOption(storage).addHelpText('after', storageHelp)
    },
    using: (flags, body, definitions) => withWork(flags.storage, body, definitions),
  }
}

/** For the end of a command's help. */
export function example(...commands: string[]): string {
  return `\n\nFor example:\n${commands.map((line) => `  piecework ${line}`).join('\n')}`
}
