/**
 * Counts the listeners of all emitters and of all targets of events in this process, the library's own among them: each
 * is known from its making on, and forgotten when the collector takes it. To be imported before anything else.
 */
import { EventEmitter, getEventListeners } from 'node:events'

export interface Listeners {
  /** On all emitters: the instance's own, the process, sockets, threads, watchers of files. */
  readonly emitters: number
  /** On all targets: signals, ports. */
  readonly targets: number
  readonly process: number
}

const emitters = new Set<WeakRef<EventEmitter>>()
const targets = new Map<WeakRef<EventTarget>, Set<string>>()
const known = new WeakMap<EventTarget, Set<string>>()

// Every emitter, those of Node itself too, begins with this call.
const made = EventEmitter as unknown as { init(this: EventEmitter, options: unknown): void }
const { init } = made
made.init = function (options) {
  emitters.add(new WeakRef(this))
  init.call(this, options)
}

const { addEventListener } = EventTarget.prototype
EventTarget.prototype.addEventListener = function (this: EventTarget, type: string, ...rest: unknown[]) {
  let types = known.get(this)
  if (!types) {
    types = new Set()
    known.set(this, types)
    targets.set(new WeakRef(this), types)
  }
  types.add(type)
  return addEventListener.call(this, type, ...(rest as [never]))
}

export function countListeners(): Listeners {
  const count = { emitters: 0, targets: 0, process: ofEmitter(process) }
  for (const reference of emitters) {
    const emitter = reference.deref()
    if (emitter) count.emitters += ofEmitter(emitter)
    else emitters.delete(reference)
  }
  for (const [reference, types] of targets) {
    const target = reference.deref()
    if (!target) targets.delete(reference)
    else for (const type of types) count.targets += getEventListeners(target, type).length
  }
  return count
}

function ofEmitter(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}
