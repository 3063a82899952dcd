/** Wires the rooms of one instance. */
import { noOptions } from './add-options.ts'
import { Adder } from './adder.ts'
import { ByHand } from './by-hand.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import type { Engine } from './engine.ts'
import type { JobTools } from './jobs/face.ts'
import { JobRunner } from './jobs/run-job.ts'
import { Lifecycle } from './lifecycle.ts'
import { makeEngine } from './make-engine.ts'
import type { CheckedOptions } from './options.ts'
import { RowCrews } from './rows/row-crews.ts'
import type { ScheduleTools } from './schedules/face.ts'
import { Schedules } from './schedules/schedules.ts'
import type { TaskTools } from './task-face.ts'
import { taskInfo } from './task-info.ts'
import { upcoming } from './upcoming.ts'
import { Worker } from './worker.ts'

export interface Rooms {
  readonly engine: Engine
  readonly worker: Worker
  readonly adder: Adder
  readonly byHand: ByHand
  readonly rows: RowCrews
  readonly life: Lifecycle
  readonly jobTools: JobTools
  readonly scheduleTools: ScheduleTools
  readonly taskTools: TaskTools
}

export function makeRooms(options: CheckedOptions): Rooms {
  const engine = makeEngine(options)
  const worker = new Worker(engine, options)
  const adder = new Adder(engine, (row) => worker.noteDue(row.wakeAt ?? 0))
  const byHand = new ByHand(engine, worker)
  const rows = new RowCrews(engine, options.rows, options, {
    batchMax: engine.storage.traits.batchMax,
    add: (...task) => adder.addFor(...task),
    get: async (ids) => (await engine.storage.get(ids)).map((row) => row && taskInfo(row)),
    cancel: (id) => byHand.cancel(id),
  })
  const life = new Lifecycle(engine, worker, rows, options)
  const dispatcher = new Dispatcher(engine, worker)
  const jobs = new JobRunner(engine, () => worker.wake())
  const jobTools: JobTools = {
    storage: engine.storage,
    clock: engine.clock,
    ends: worker.jobs.ends,
    ready: () => life.ready(),
    ask: (call) => life.ask(call),
    start: (...job) => jobs.run(...job),
    part: (...part) => worker.part(...part),
    settle: (id) => worker.settleOutside(id),
    dispatch: (given) => dispatcher.dispatch(given),
  }
  const scheduleTools: ScheduleTools = {
    schedules: new Schedules(engine, (at) => worker.noteTick(at)),
    now: () => engine.time.now(),
    draft: (definition, input) => adder.draft({ definition, input, options: noOptions }),
    check: (draft) => adder.prepare([draft]),
  }
  const taskTools: TaskTools = {
    definitions: options.tasks,
    run: (id) => worker.runTask(id),
    remove: (id) => byHand.remove(id),
    upcoming: (name) => upcoming(engine.storage, name),
  }
  return { engine, worker, adder, byHand, rows, life, jobTools, scheduleTools, taskTools }
}
