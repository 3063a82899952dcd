/** Completion for fish: a line for each word. */
import type { Flag, Value, Words } from './words.ts'

export function fishScript({ name, flags, commands }: Words): string {
  const lines = [
    // Files only where they are said to be.
    '-f',
    ...flags.map((flag) => `-n __fish_use_subcommand ${flagWords(flag)}`),
    ...commands.flatMap((command) => [
      `-n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
      ...command.arguments.slice(0, 1).flatMap((value) => argumentWords(command, value)),
      ...command.flags.map((flag) => `-n '__fish_seen_subcommand_from ${command.name}' ${flagWords(flag)}`),
    ]),
  ]
  return `# For fish, by ${name} completion fish\n${lines.map((line) => `complete -c ${name} ${line}\n`).join('')}`
}

function argumentWords({ name }: Words, { choices, isFile }: Value): string[] {
  const seen = `__fish_seen_subcommand_from ${name}`
  if (isFile) return [`-n '${seen}' -F`]
  if (choices.length === 0) return []
  const words = choices.join(' ')
  return [`-n '${seen}; and not __fish_seen_subcommand_from ${words}' -a '${words}'`]
}

function flagWords({ long, short, description, value, isOptional }: Flag): string {
  const spelled = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])].join(' ')
  return [spelled, value && !isOptional ? valueWords(value) : '', `-d ${quoted(description)}`].filter(Boolean).join(' ')
}

function valueWords({ choices, isList, isFile }: Value): string {
  if (isFile) return '-r -F'
  const words = choices.join(' ')
  if (words === '') return '-x'
  return `-x -a '${isList ? `(__fish_append , ${words})` : words}'`
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
