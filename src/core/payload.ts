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

/** The JSON text of `value`. @throws PayloadError with the path of what JSON would lose or change. */
export function encode(value: unknown): string {
  const text = write(value, [], [])
  if (text === undefined) throw new PayloadError('$', 'undefined')
  return text
}

/** The value of a text that {@link encode} made. `__proto__` comes back as an own property, not as a prototype. */
export function decode(text: string): unknown {
  return JSON.parse(text)
}

type Path = (string | number)[]

/** The text, or nothing for `undefined`, which only an object's property may be. */
function write(value: unknown, path: Path, ancestors: object[]): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new PayloadError(shownPath(path), String(value))
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'undefined':
      return undefined
    case 'object':
      return value === null ? 'null' : writeObject(value, path, ancestors)
    default:
      throw new PayloadError(shownPath(path), `a ${typeof value}`)
  }
}

function writeObject(value: object, path: Path, ancestors: object[]): string {
  if (ancestors.includes(value)) throw new PayloadError(shownPath(path), 'a cycle')
  if (ancestors.length === maxDepth) throw new PayloadError(shownPath(path), `more than ${maxDepth} levels`)
  ancestors.push(value)
  try {
    return Array.isArray(value) ? writeArray(value, path, ancestors) : writeRecord(value, path, ancestors)
  } catch (error) {
    if (error instanceof PayloadError) throw error
    throw new PayloadError(shownPath(path), 'a property that throws when it is read')
  } finally {
    ancestors.pop()
  }
}

function writeArray(value: unknown[], path: Path, ancestors: object[]): string {
  if (Object.getPrototypeOf(value) !== Array.prototype) throw new PayloadError(shownPath(path), kindOf(value))
  // Keys of an array that has neither holes nor extra properties are as many as its elements.
  if (Object.keys(value).length !== value.length || Object.getOwnPropertySymbols(value).length > 0) {
    throw new PayloadError(shownPath(path), 'an array with holes or with properties of its own')
  }
  let text = '['
  for (let index = 0; index < value.length; index++) {
    path.push(index)
    const element = write(value[index], path, ancestors)
    if (element === undefined) throw new PayloadError(shownPath(path), 'undefined in an array')
    text += index === 0 ? element : `,${element}`
    path.pop()
  }
  return `${text}]`
}

function writeRecord(value: object, path: Path, ancestors: object[]): string {
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    const kind = Object.getPrototypeOf(value) === null ? 'an object without a prototype' : kindOf(value)
    throw new PayloadError(shownPath(path), kind)
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw new PayloadError(shownPath(path), 'a symbol as a key')
  let text = '{'
  for (const key of Object.keys(value)) {
    path.push(key)
    const property = write((value as Record<string, unknown>)[key], path, ancestors)
    if (property !== undefined) text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${property}`
    path.pop()
  }
  return `${text}}`
}

/** `$.items[3]["odd key"]`, cut in the middle where it is very long. */
function shownPath(path: Path): string {
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`
    return /^[A-Za-z_$][\w$]{0,99}$/.test(part) ? `.${part}` : `[${JSON.stringify(part.slice(0, 100))}]`
  })
  return `$${parts.length > 20 ? [...parts.slice(0, 10), '...', ...parts.slice(-5)].join('') : parts.join('')}`
}
