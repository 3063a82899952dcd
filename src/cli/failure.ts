/** What went wrong, in one line: that is all a person, or a log, is shown of it. */
import { StorageError } from '../index.ts'

/** The caller's mistake, seen before anything was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The work is not all done as it should be: said like an error, though nothing went wrong with the command. */
export class BadEndError extends Error {
  override readonly name = 'BadEndError'
}

const lengthMax = 2_000

export function lineOf(error: unknown): string {
  const text = oneLine(withoutSecrets(messagesOf(error).join(': ')))
  return text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text
}

/** What steers a terminal, or turns the direction of what stands behind it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text as it may stand in a line on a terminal: its line ends are blanks, and what steers is shown as its escape. */
export function oneLine(text: string): string {
  const line = text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ').trim()
  return line.replace(steering, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** An error's message and those of its causes, but for what an outer one has said already. */
function messagesOf(error: unknown): string[] {
  const messages: string[] = []
  for (let one = error, depth = 0; one !== undefined && depth < 5; depth++) {
    const message = messageOf(one)
    if (!messages.some((said) => said.includes(message))) messages.push(message)
    // An adapter's message has what its cause said, where that helps.
    one = one instanceof Error && !(one instanceof StorageError) ? one.cause : undefined
  }
  return messages
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Several addresses of one host fail together, and their common error says nothing itself.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  return error.message || error.name
}

/**
 * Drivers quote the URL that they cannot read, and a mistyped flag is quoted with what stands behind it: what stands before
 * a host may be a user name and a password, and a parameter may be one as well.
 */
export function withoutSecrets(message: string): string {
  return message
    .replace(/\/\/\S*@/g, '//***@')
    .replace(/([?&][\w.-]*(?:password|secret|token)[\w.-]*=)[^&\s]*/gi, '$1***')
}
