/**
 * Faithful JSON: what is stored comes back equal, or is refused with its path.
 *
 * One pass both checks and writes, reading each property once, so a getter or proxy cannot answer the check one way and
 * the writer another. A property whose value is `undefined` counts as absent; it reads as `undefined` again.
 */
import { PayloadError } from './errors.ts'
import { kindOf } from './expect.ts'

/** Deeper than this is a mistake or an attack. */
const maxDepth = 1_000

/** More than this is no payload: a few objects that refer to each other often enough make a text without end. */
const maxValues = 5_000_000

/** The JSON text of `value`. @throws PayloadError with the path of what JSON would lose or change. */
export function encode(value: unknown): string {
  const text = write(value, { path: [], ancestors: [], values: 0 })
  if (text === undefined) throw new PayloadError('$', 'undefined')
  return text
}

/** The value of a text that {@link encode} made. `__proto__` comes back as an own property, not as a prototype. */
export function decode(text: string): unknown {
  return JSON.parse(text)
}

/** What would come back from a storage: the same, and nobody else's to change. `undefined` stays. @throws PayloadError */
export function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : decode(encode(value))
}

/** Where the writer is, and how much it has seen. */
interface Walk {
  readonly path: (string | number)[]
  readonly ancestors: object[]
  values: number
}

/** The text, or nothing for `undefined`, which only an object's property may be. */
function write(value: unknown, walk: Walk): string | undefined {
  if (++walk.values > maxValues) throw refusal(walk, `more than ${maxValues} values`)
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw refusal(walk, String(value))
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return undefined
    case 'object':
      return value === null ? 'null' : writeObject(value, walk)
    default:
      throw refusal(walk, `a ${typeof value}`)
  }
}

function writeObject(value: object, walk: Walk): string {
  const { ancestors } = walk
  if (ancestors.includes(value)) throw refusal(walk, 'a cycle')
  if (ancestors.length === maxDepth) throw refusal(walk, `more than ${maxDepth} levels`)
  ancestors.push(value)
  try {
    return Array.isArray(value) ? writeArray(value, walk) : writeRecord(value, walk)
  } catch (error) {
    if (error instanceof PayloadError) throw error
    throw refusal(walk, 'a property that throws when it is read')
  } finally {
    ancestors.pop()
  }
}

function writeArray(value: unknown[], walk: Walk): string {
  if (Object.getPrototypeOf(value) !== Array.prototype) throw refusal(walk, 'an array of a class of its own')
  // Read once: a proxy may answer differently each time. Keys without holes and extras are as many as the elements.
  const { length } = value
  if (Object.keys(value).length !== length || Object.getOwnPropertySymbols(value).length > 0) {
    throw refusal(walk, 'an array with holes or with properties of its own')
  }
  let text = '['
  for (let index = 0; index < length; index++) {
    walk.path.push(index)
    const element = write(value[index], walk)
    if (element === undefined) throw refusal(walk, 'undefined in an array')
    text += index === 0 ? element : `,${element}`
    walk.path.pop()
  }
  return `${text}]`
}

function writeRecord(value: object, walk: Walk): string {
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    const kind = Object.getPrototypeOf(value) === null ? 'an object without a prototype' : kindOf(value)
    throw refusal(walk, kind)
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(walk, 'a symbol as a key')
  let text = '{'
  for (const key of Object.keys(value)) {
    walk.path.push(key)
    const property = write((value as Record<string, unknown>)[key], walk)
    if (property !== undefined) text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${property}`
    walk.path.pop()
  }
  return `${text}}`
}

function refusal(walk: Walk, found: string): PayloadError {
  return new PayloadError(shownPath(walk.path), found)
}

/** `$.items[3]["odd key"]`, cut in the middle where it is very long. */
function shownPath(path: Walk['path']): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`
    return /^[A-Za-z_$][\w$]{0,99}$/.test(part) ? `.${part}` : `[${JSON.stringify(part.slice(0, 100))}]`
  })
  return `$${parts.length > 20 ? [...parts.slice(0, 10), '...', ...parts.slice(-5)].join('') : parts.join('')}`
}
