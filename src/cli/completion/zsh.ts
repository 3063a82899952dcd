/** Completion for zsh, to be sourced or to be put where it looks for functions. */
import type { Flag, Value, Words } from './words.ts'

export function zshScript({ name, flags, commands }: Words): string {
  const own = `_${name}`
  return `#compdef ${name}
# For zsh, by ${name} completion zsh
${own}() {
  local context state state_descr line curcontext=$curcontext
  typeset -A opt_args
  _arguments -C ${[...flags.map(flagSpec), "'1: :->command'", "'*:: :->rest'"].join(' ')}
  case $state in
    command)
      local -a commands
      commands=(
${commands.map((each) => `        ${quoted(`${each.name}:${each.description.replaceAll(':', '\\:')}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    rest)
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == ${own} ]]; then ${own} "$@"; else compdef ${own} ${name}; fi
`
}

function commandCase(command: Words): string {
  const specs = [
    ...command.flags.map(flagSpec),
    ...command.arguments.map((value, at) => quoted(`${at + 1}${actionOf(value)}`)),
  ]
  return `        ${command.name})\n          _arguments ${specs.join(' ')}\n          ;;`
}

function flagSpec({ long, short, description, value, isOptional }: Flag): string {
  const told = `[${description.replaceAll(/[[\]\\]/g, '\\$&')}]`
  const after = value === undefined ? '' : `${isOptional ? ':' : ''}${actionOf(value)}`
  if (short !== undefined) return `'(${short} ${long})'{${short},${long}}${quoted(`${told}${after}`)}`
  return quoted(`${long}${value === undefined ? '' : '='}${told}${after}`)
}

/** `:what it is:how to complete it`. */
function actionOf({ name, choices, isList, isFile }: Value): string {
  if (isFile) return `:${name}:_files`
  if (choices.length === 0) return `:${name}: `
  return isList ? `:${name}:_sequence compadd - ${choices.join(' ')}` : `:${name}:(${choices.join(' ')})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
