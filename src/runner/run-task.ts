/** Runs one task by its id, here and now: through the claim that workers make, so never beside one of them. */
import { PieceworkError } from '../core/errors.ts'
import { expected } from '../core/expect.ts'
import { taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Claimed } from './claimer.ts'
import type { TaskContext } from './context.ts'
import type { Engine, Settings } from './engine.ts'
import { takeRow } from './take-row.ts'
import { type TaskInfo, taskInfo } from './task-info.ts'

/** What became of a call of `runTask`. */
export interface TaskRun<Input = unknown, Result = unknown> {
  /** Whether its handler ran for this call. `false`: it is held or done, or somebody else runs it. */
  readonly ran: boolean
  /** The task as it is then. */
  readonly task: TaskInfo<Input, Result>
}

/** What the worker does for this room. */
export interface RunTaskTools {
  /** Makes an attempt of a row that this process has just taken. */
  begin(row: Row, settings: Settings): Claimed
  /** Runs it here and now; resolves once its outcome is stored. */
  runHere(claimed: Claimed): Promise<void>
}

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 20

export class RunTask {
  readonly #engine: Engine
  readonly #tools: RunTaskTools
  readonly #leaseMs: number

  constructor(engine: Engine, tools: RunTaskTools, leaseMs: number) {
    this.#engine = engine
    this.#tools = tools
    this.#leaseMs = leaseMs
  }

  /** @throws PieceworkError `not_found`, `not_defined`, `storage_failed`, `contended`; TypeError for a part. */
  async run(id: string): Promise<TaskRun> {
    for (let round = 0; round < maxRounds; round++) {
      const row = await this.#read(id)
      if (row.parent !== null) throw expected('id', 'that of a task, not of a part, which runs with its job', id)
      if (!this.#isFree(row)) return { ran: false, task: taskInfo(row) }
      const settings = this.#engine.definitions.get(row.name)
      if (settings?.role.kind !== 'task') {
        const what = `Task ${id} is of "${row.name}"`
        throw new PieceworkError('not_defined', `${what}, a definition that this process does not have`)
      }
      const taken = await takeRow(this.#engine, row, this.#leaseMs)
      if (taken) return this.#run(taken, settings)
    }
    throw new PieceworkError('contended', `Others changed task ${id} at each of ${maxRounds} tries`)
  }

  async #run(row: Row, settings: Settings): Promise<TaskRun> {
    let ran = false
    const { perform: given = settings.run as (context: TaskContext) => unknown } = settings
    const perform = (context: TaskContext) => {
      ran = true
      return given(context)
    }
    await this.#tools.runHere(this.#tools.begin(row, { ...settings, perform }))
    return { ran, task: taskInfo(await this.#read(row.id)) }
  }

  /** It waits, whether due or not, or whoever ran it has vanished: what a claim takes, and what it would take later. */
  #isFree({ state, wakeAt }: Row): boolean {
    return state === 'waiting' || (state === 'running' && wakeAt !== null && wakeAt <= this.#engine.time.now())
  }

  async #read(id: string): Promise<Row> {
    const { health, storage } = this.#engine
    const [found] = await health.answer({ doing: `task ${id} was looked up`, ids: [id] }, () => storage.get([id]))
    const row = jobRow(found) ? undefined : taskRow(found)
    if (row) return row
    throw new PieceworkError('not_found', `No task has the id ${id}`)
  }
}
