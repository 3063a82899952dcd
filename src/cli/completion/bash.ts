/** Completion for bash, from 3.2 on: that is what macOS has. */
import type { Flag, Words } from './words.ts'

export function bashScript({ name, flags, commands }: Words): string {
  const own = `_${name}`
  const all = commands.map((each) => each.name)
  const values = commands.flatMap((command) => [...flags, ...command.flags].flatMap((flag) => valueCase(command, flag)))
  return `# For bash, by ${name} completion bash
${own}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= words= before= at
  COMPREPLY=()
  # bash takes --flag=value apart.
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${all.join('|')}) command=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $command:$prev in
${values.join('\n')}
  esac
  case $command in
    '') words='${[...all, ...spellings(flags)].join(' ')}' ;;
${commands.map(commandCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
${own}_files() {
  local IFS=$'\\n'
  # Not in bash 3: there a folder is completed without its slash.
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$1"))
}
complete -F ${own} ${name}
`

  function valueCase(command: Words, flag: Flag): string[] {
    const { value, isOptional } = flag
    const when = `    ${spellings([flag])
      .map((each) => `${command.name}:${each}`)
      .join('|')})`
    if (value === undefined) return []
    if (value.isFile) return [`${when} ${own}_files "$cur"; return ;;`]
    const choices = value.choices.join(' ')
    if (value.isList && choices !== '') {
      return [
        `${when}
      [[ $cur == *,* ]] && before=\${cur%,*},
      compopt -o nospace 2>/dev/null
      COMPREPLY=($(compgen -P "$before" -W '${choices}' -- "\${cur##*,}"))
      return ;;`,
      ]
    }
    if (choices !== '') return [`${when} COMPREPLY=($(compgen -W '${choices}' -- "$cur")); return ;;`]
    // What comes next is a value that nobody knows, unless it can be left out.
    return isOptional ? [] : [`${when} return ;;`]
  }

  function commandCase(command: Words): string {
    const [first] = command.arguments
    const words = [...(first?.choices ?? []), ...spellings(command.flags)].join(' ')
    const file = first?.isFile ? `if [[ $cur != -* ]]; then ${own}_files "$cur"; return; fi; ` : ''
    return `    ${command.name}) ${file}words='${words}' ;;`
  }
}

function spellings(flags: readonly Flag[]): string[] {
  return flags.map(({ long }) => long)
}
