/** A storage with some of its verbs replaced: what the suite wraps storages in, to watch them or to make them wrong. */
import type { Storage } from '../storage/index.ts'

/** The same storage with some verbs replaced. */
export function altered(storage: Storage, verbs: Partial<Storage>): Storage {
  const { now, watch, doctor, close } = storage
  return {
    get traits() {
      return storage.traits
    },
    insert: (rows) => storage.insert(rows),
    claim: (request) => storage.claim(request),
    extend: (rows, until) => storage.extend(rows, until),
    apply: (changes) => storage.apply(changes),
    get: (ids) => storage.get(ids),
    find: (by, limit) => storage.find(by, limit),
    count: (by) => storage.count(by),
    ...(now && { now: () => now.call(storage) }),
    ...(watch && { watch: (wake: () => void) => watch.call(storage, wake) }),
    ...(doctor && { doctor: () => doctor.call(storage) }),
    ...(close && { close: () => close.call(storage) }),
    ...verbs,
  }
}
