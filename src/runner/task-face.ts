/** What `piecework()` gives for single tasks beside adding them: what operators ask for by id and by name. */
import { checkName, checkStoredId } from '../core/name.ts'
import { rowId } from '../core/part.ts'
import type { Id, TaskDefinition } from './definition.ts'
import type { JobTools } from './jobs/face.ts'
import type { TaskRun } from './run-task.ts'
import { ScheduleFace, type ScheduleTools } from './schedules/face.ts'

/** What the instance does for this part of its face. */
export interface TaskTools {
  readonly definitions: ReadonlyMap<string, TaskDefinition>
  run(id: string): Promise<TaskRun>
  remove(id: string): Promise<boolean>
  upcoming(name: string): Promise<string | undefined>
}

export abstract class TaskFace extends ScheduleFace {
  readonly #tools: TaskTools
  readonly #ready: () => Promise<void>

  /** @internal */
  constructor(jobs: JobTools, schedules: ScheduleTools, tools: TaskTools) {
    super(jobs, schedules)
    this.#tools = tools
    this.#ready = () => jobs.ready()
  }

  /** The task's definition of this name that the instance was given, to add by name; `undefined` where there is none. */
  definition(name: string): TaskDefinition | undefined {
    return this.#tools.definitions.get(name)
  }

  /**
   * Runs this very task in the foreground, whatever is due before it, also before its time, while its definition is
   * paused, and beside as many as run already; resolves once its outcome is stored (Party's `POST /task/:id`). The task
   * is reserved as by a worker, so nobody else runs it meanwhile. One that is held, done, or run by somebody is left as
   * it is: `ran` is false.
   * @throws PieceworkError `not_found`, `not_defined` for a definition that this instance does not have, `stopped`;
   * TypeError for a part, which runs with its job.
   */
  async runTask<Input, Result>(id: Id<Input, Result>): Promise<TaskRun<Input, Result>> {
    const row = rowId(checkStoredId('id', id))
    await this.#ready()
    return this.#tools.run(row) as Promise<TaskRun<Input, Result>>
  }

  /**
   * Removes a task with its items, whatever its state, but never one that runs: `false`, cancel it first. What is
   * removed never runs again.
   * @throws PieceworkError `not_found`, also for a job (`purge` removes those); TypeError for a part.
   */
  async remove(id: string): Promise<boolean> {
    const row = rowId(checkStoredId('id', id))
    await this.#ready()
    return this.#tools.remove(row)
  }

  /** The id of the task of this name that is due next, of the 2,000 that were added first; `undefined`: none waits. */
  async upcoming(name: string): Promise<string | undefined> {
    checkName('name', name)
    await this.#ready()
    return this.#tools.upcoming(name)
  }
}
