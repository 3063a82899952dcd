/** What `work.dispatch` can be told, checked at the door. */
import { expectBoolean, expected, expectInteger, expectOptions } from '../../core/expect.ts'
import { checkId } from '../../core/name.ts'
import { encode } from '../../core/payload.ts'
import type { TaskDefinition } from '../definition.ts'
import { JobRun } from '../jobs/handle.ts'

/** Where items come from: the id of a completed task or job, whose items are read, or anything that can be iterated. */
export type ItemSource = string | Iterable<unknown> | AsyncIterable<unknown>

interface CommonOptions<Input> {
  readonly items: ItemSource
  /** The key of each item whose value is handed to the consumer, which runs once for each distinct value. */
  readonly attribute: string
  /** The consumer: a task whose input is `{ ...args, item: value }`. */
  readonly to: TaskDefinition<Input>
  /** The most executions of this dispatch that run at any instant, over all processes. @default 8 */
  readonly workers?: number
  /** `true`: what was run before is forgotten, and everything runs from scratch. @default false: only what is left */
  readonly begin?: boolean
  /** Names the tracker of what was run, and the dispatch. @default 'dispatch.' and the consumer's name */
  readonly id?: string
}

/** What the consumer's input has beside the item. */
type Args<Input> = Input extends { item: unknown } ? Omit<Input, 'item'> : Record<string, unknown>

/** `args` are handed to each execution; they may be left out where the consumer's input has nothing but the item. */
export type DispatchOptions<Input = unknown> = CommonOptions<Input> &
  (Record<never, never> extends Args<Input> ? { readonly args?: Args<Input> } : { readonly args: Args<Input> })

export interface CheckedDispatch {
  readonly items: ItemSource
  readonly attribute: string
  readonly to: TaskDefinition
  readonly args: Record<string, unknown>
  readonly workers: number
  readonly begin: boolean
  readonly id: string
}

const known = ['items', 'attribute', 'to', 'args', 'workers', 'begin', 'id'] as const

/** @throws TypeError naming the option. */
export function checkDispatch(options: DispatchOptions<never>): CheckedDispatch {
  const { items, attribute, to, args, workers, begin, id } = expectOptions('options', options, known)
  if (typeof attribute !== 'string' || attribute === '') throw expected('attribute', 'the key of a value', attribute)
  return {
    items: checkSource(items),
    attribute,
    to,
    args: checkArgs(args),
    workers: workers === undefined ? 8 : expectInteger('workers', workers, 1),
    begin: begin === undefined ? false : expectBoolean('begin', begin),
    id: checkId('id', id ?? `dispatch.${escaped(String(to?.name))}`),
  }
}

function checkSource(items: unknown): ItemSource {
  if (items instanceof JobRun)
    throw new TypeError('Expected `items` to be an id or an iterable, got what `run` gave: pass its `id`')
  if (typeof items === 'string' && items !== '') return items
  if (typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items)) {
    return items as ItemSource
  }
  throw expected('items', 'the id of a task or job, an array or another iterable', items)
}

/** @throws PayloadError with the path of what JSON would lose. */
function checkArgs(args: unknown): Record<string, unknown> {
  if (args === undefined) return {}
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw expected('args', 'an object', args)
  if (Object.hasOwn(args, 'item')) throw new TypeError('Expected `args` to have no `item`: that is what each value is')
  return JSON.parse(encode(args)) as Record<string, unknown>
}

// A name may hold a slash and an id may not; `%` keeps two names from making one id.
function escaped(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}
