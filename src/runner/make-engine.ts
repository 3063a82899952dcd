/** Wires what the rooms of one instance share. */
import { hostname } from 'node:os'
import { idMaker } from '../core/id.ts'
import type { Engine, Settings } from './engine.ts'
import { Notifier } from './events.ts'
import { Health } from './health.ts'
import type { CheckedOptions } from './options.ts'
import { drawBytes, drawNumber } from './randomness.ts'
import { StorageClock } from './storage-clock.ts'
import { Turns } from './turns.ts'

export function makeEngine(options: CheckedOptions): Engine {
  const { storage, clock, logger, name } = options
  const notifier = new Notifier(logger)
  const turns = new Turns(clock)
  const newId = idMaker(drawBytes)
  // A container may come back with the same host name and process id: the id drawn at random is what tells them apart.
  const self = `${name}@${hostname().slice(0, 60)}:${process.pid}:${newId(clock.now()).slice(-10)}`
  let calls = 0
  const definitions = new Map(
    [...options.definitions].map(([each, settings]): [string, Settings] => [each, { ...settings, random: drawNumber }]),
  )
  return {
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
    abandoned: false,
  }
}
