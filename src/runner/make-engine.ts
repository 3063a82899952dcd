/** Wires what the rooms of one instance share. */
import { hostname } from 'node:os'
import { idMaker } from '../core/id.ts'
import { cleanupRun } from './cleanup/run.ts'
import type { Engine, Settings } from './engine.ts'
import { Notifier } from './events.ts'
import { Health } from './health.ts'
import type { CheckedOptions } from './options.ts'
import type { Place } from './place.ts'
import { drawBytes, drawNumber } from './randomness.ts'
import { StorageClock } from './storage-clock.ts'
import { Threads } from './threads/threads.ts'
import { Turns } from './turns.ts'

export function makeEngine(options: CheckedOptions): Engine {
  const { storage, clock, logger, name } = options
  const notifier = new Notifier(logger)
  const turns = new Turns(clock)
  const newId = idMaker(drawBytes)
  // A container may come back with the same host name and process id: the id drawn at random is what tells them apart.
  const self = `${name}@${hostname().slice(0, 60)}:${process.pid}:${newId(clock.now()).slice(-10)}`
  let calls = 0
  const definitions = new Map<string, Settings>()
  const threads: Threads[] = []
  const engine: Engine = {
    storage: turns.of(storage),
    clock,
    turns,
    time: new StorageClock(storage, clock),
    health: new Health(clock, notifier, drawNumber),
    notifier,
    random: drawNumber,
    newId,
    newHolder: () => `${self}#${++calls}`,
    definitions,
    threads,
    abandoned: false,
  }
  for (const [each, settings] of options.definitions) {
    definitions.set(each, { ...settings, random: drawNumber, perform: performer(engine, settings.place, threads) })
  }
  return engine
}

/** What this instance does the work of a definition with, where that is no `run` of the app's. */
function performer(engine: Engine, place: Place | undefined, threads: Threads[]): Settings['perform'] {
  switch (place?.kind) {
    case undefined:
      return undefined
    case 'cleanup':
      return cleanupRun(engine, place)
    case 'threads': {
      const own = new Threads(engine, place)
      threads.push(own)
      return (context) => own.run(context)
    }
  }
}
