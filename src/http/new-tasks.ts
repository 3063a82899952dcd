/** The entries of `POST /tasks`: our own form and Party's, read without trust. */
import type { AddOptions, NewTask, Piecework } from '../index.ts'
import { Problem } from './answers.ts'
import { momentOf } from './moment.ts'

/** The body limit comes first, as a rule; this one keeps a call from holding the storage for long. */
export const mostTasks = 10_000

/** One entry: what to add, and whose form it came in. */
export interface Entry {
  readonly task: NewTask
  readonly isParty: boolean
}

const options = ['delay', 'at', 'priority', 'key', 'id', 'hold'] as const satisfies readonly (keyof AddOptions)[]
const nativeNames = ['name', 'input', ...options]
const partyNames = ['party', 'data', 'timestamp']

/** @throws Problem 400 that says which entry is wrong, and how. */
export function entriesOf(work: Piecework, body: unknown): Entry[] {
  if (!isRecord(body) || !Array.isArray(body.tasks) || Object.keys(body).length > 1) {
    throw bad('Expected the body to be `{ "tasks": [...] }`')
  }
  const { tasks } = body
  if (tasks.length < 1 || tasks.length > mostTasks) throw bad(`Expected \`tasks\` to be 1 to ${mostTasks} tasks`)
  return tasks.map((entry: unknown, index) => entryOf(work, entry, `tasks[${index}]`))
}

function entryOf(work: Piecework, entry: unknown, place: string): Entry {
  if (!isRecord(entry)) throw bad(`Expected \`${place}\` to be an object`)
  const isParty = Object.hasOwn(entry, 'party')
  const known = isParty ? partyNames : nativeNames
  const unknown = Object.keys(entry).some((name) => !known.includes(name))
  if (unknown) throw bad(`Expected \`${place}\` to hold only ${known.join(', ')}`)
  const name = isParty ? entry.party : entry.name
  const which = isParty ? 'party' : 'name'
  if (typeof name !== 'string') throw bad(`Expected \`${place}.${which}\` to be the name of a task`)
  const definition = work.definition(name)
  if (!definition) {
    throw new Problem(
      400,
      'not_defined',
      `Expected \`${place}.${which}\` to be the name of a task that is defined here`,
    )
  }
  if (!isParty) return { task: definition.with(entry.input, optionsOf(entry, place)), isParty }
  const { data, timestamp } = entry
  if (data !== undefined && !isRecord(data)) throw bad(`Expected \`${place}.data\` to be an object`)
  const at = timestamp === undefined ? {} : { at: momentOf(`${place}.timestamp`, timestamp) }
  return { task: definition.with(data, at), isParty }
}

/** As they came, but for times: `add` checks them. What is `null` is told from what is absent. */
function optionsOf(entry: Record<string, unknown>, place: string): AddOptions {
  const given: Record<string, unknown> = {}
  for (const name of options) if (entry[name] !== undefined) given[name] = entry[name]
  if (entry.at !== undefined) given.at = momentOf(`${place}.at`, entry.at)
  return given
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bad(message: string): Problem {
  return new Problem(400, 'bad_request', message)
}
