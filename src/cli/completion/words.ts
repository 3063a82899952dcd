/** What can be typed, as it is read from the commands themselves: no script can know less or more than they do. */
import type { Argument, Command, Option } from 'commander'

export interface Value {
  /** What stands for it in the help: `n`, `file`. */
  readonly name: string
  /** All that it can be; none where nobody knows. */
  readonly choices: readonly string[]
  /** Several of them, with commas between. */
  readonly isList: boolean
  readonly isFile: boolean
}

export interface Flag {
  /** With its dashes. */
  readonly long: string
  /** The same in one letter, with its dash. */
  readonly short: string | undefined
  readonly description: string
  /** `undefined`: it takes none. */
  readonly value: Value | undefined
  /** It can stand without one. */
  readonly isOptional: boolean
}

export interface Words {
  readonly name: string
  readonly description: string
  readonly flags: readonly Flag[]
  readonly arguments: readonly Value[]
  readonly commands: readonly Words[]
}

/** Values with these names are files. */
const files = ['file', 'path', 'module']

export function wordsOf(command: Command): Words {
  const help = command.createHelp()
  return {
    name: command.name(),
    description: command.description(),
    flags: help.visibleOptions(command).flatMap(flagOf),
    arguments: command.registeredArguments.map((argument) => valueCalled(argument.name(), argument)),
    commands: help.visibleCommands(command).map(wordsOf),
  }
}

function flagOf(option: Option): Flag[] {
  const { long, short, description, required, optional, flags } = option
  if (!long) return []
  const [, name = ''] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? []
  const value = required || optional ? valueCalled(name, option) : undefined
  return [{ long, short: short ?? undefined, description, value, isOptional: optional }]
}

function valueCalled(name: string, { argChoices = [] }: Pick<Argument | Option, 'argChoices'>): Value {
  return { name, choices: argChoices, isList: name === 'list', isFile: files.includes(name) }
}
