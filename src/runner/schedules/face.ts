/** What `piecework()` gives for schedules. */
import { PieceworkError } from '../../core/errors.ts'
import { expectInteger, expectOptions } from '../../core/expect.ts'
import type { Draft } from '../adder.ts'
import type { TaskDefinition } from '../definition.ts'
import { JobFace, type JobTools } from '../jobs/face.ts'
import { previewOf, type ScheduleInfo, type Tick } from './info.ts'
import { checkSchedule, checkScheduleName, type ScheduleOptions, scheduleOptionNames } from './options.ts'
import { checkRule, type RuleOptions, ruleOptionNames } from './rule.ts'
import type { ScheduleDraft } from './schedules.ts'

/** What the instance does for this part of its face. */
export interface ScheduleTools {
  /** As an interface: the room itself would bring all of the engine into the published types. */
  readonly schedules: {
    put(draft: ScheduleDraft): Promise<ScheduleInfo>
    get(name: string): Promise<ScheduleInfo | undefined>
    list(): AsyncGenerator<ScheduleInfo, void, undefined>
    pause(name: string): Promise<ScheduleInfo | undefined>
    resume(name: string): Promise<ScheduleInfo | undefined>
    remove(name: string): Promise<boolean>
  }
  /** The storage's time. */
  now(): number
  /** A task as it was given. @throws TypeError */
  draft(definition: TaskDefinition, input: unknown): Draft
  /** @throws TypeError where the input does not fit its definition. */
  check(draft: Draft): Promise<unknown>
}

/** The input may be left out where `undefined` is one. */
export type ScheduleArgs<Input> = undefined extends Input
  ? [options: ScheduleOptions<Input>]
  : [options: ScheduleOptions<Input> & { readonly input: Input }]

export abstract class ScheduleFace extends JobFace {
  readonly #tools: ScheduleTools
  readonly #ready: () => Promise<void>

  /** @internal */
  constructor(jobs: JobTools, tools: ScheduleTools) {
    super(jobs)
    this.#tools = tools
    this.#ready = () => jobs.ready()
  }

  /**
   * Adds a task at each tick of a rule, whoever works then. Kept in the storage; another call with the same name
   * changes it, so it can be made at each start of the app: where the rule stays the same, no tick is lost or repeated.
   * @throws TypeError on a rule, an option or an input that cannot be, before anything is stored.
   */
  async schedule<Input, Result>(
    definition: TaskDefinition<Input, Result>,
    ...[options]: ScheduleArgs<NoInfer<Input>>
  ): Promise<ScheduleInfo> {
    // All is copied before anything is awaited: what the caller does to its objects afterwards changes nothing.
    expectOptions('options', options, scheduleOptionNames)
    const draft = this.#tools.draft(definition as TaskDefinition, options.input)
    if (definition.settings.recurring) {
      throw new TypeError(`Expected \`definition\` to be a task that does not recur by itself, got "${draft.name}"`)
    }
    const checked = checkSchedule(draft.name, options)
    const rule = checkRule(options, 0)
    const isAnchored = options.from !== undefined
    await this.#ready()
    await this.#tools.check(draft)
    return this.#tools.schedules.put({ task: draft.name, checked, rule, isAnchored, input: draft.input })
  }

  /** All schedules of the storage, by name, read as they are asked for. */
  async *schedules(): AsyncGenerator<ScheduleInfo, void, undefined> {
    await this.#ready()
    yield* this.#tools.schedules.list()
  }

  /** The schedule of this name as it is now, and what can be done to it. */
  scheduled(name: string): ScheduleHandle {
    checkScheduleName('name', name)
    return new ScheduleHandle(name, this.#tools, this.#ready)
  }

  /** The next ticks of a rule, with what a clock on the wall says then. @throws TypeError on a rule that cannot be. */
  preview(rule: RuleOptions, count = 5): Tick[] {
    expectOptions('rule', rule, ruleOptionNames)
    const now = this.#tools.now()
    return previewOf(checkRule(rule, now), expectInteger('count', count, 1, 10_000), now)
  }
}

/** One schedule, by its name. Each call rejects with a PieceworkError `not_found` where there is none. */
export class ScheduleHandle {
  readonly name: string
  readonly #tools: ScheduleTools
  readonly #ready: () => Promise<void>

  /** @internal */
  constructor(name: string, tools: ScheduleTools, ready: () => Promise<void>) {
    this.name = name
    this.#tools = tools
    this.#ready = ready
  }

  async info(): Promise<ScheduleInfo> {
    await this.#ready()
    return this.#found(await this.#tools.schedules.get(this.name))
  }

  /** Its next ticks, as they would be if it is not changed. None when it is paused, or has ended. */
  async next(count = 5): Promise<Tick[]> {
    expectInteger('count', count, 1, 10_000)
    const { state, nextAt, rule, until } = await this.info()
    if (state !== 'active' || nextAt === undefined) return []
    return previewOf(rule, count, nextAt - 1).filter(({ at }) => until === undefined || at <= until)
  }

  /** No tick until it is resumed, whoever makes the schedule again. */
  async pause(): Promise<ScheduleInfo> {
    await this.#ready()
    return this.#found(await this.#tools.schedules.pause(this.name))
  }

  /** Ticks that fell into the pause are not made up for. */
  async resume(): Promise<ScheduleInfo> {
    await this.#ready()
    return this.#found(await this.#tools.schedules.resume(this.name))
  }

  /** Tasks that it added stay. */
  async remove(): Promise<void> {
    await this.#ready()
    if (!(await this.#tools.schedules.remove(this.name))) this.#found(undefined)
  }

  #found(info: ScheduleInfo | undefined): ScheduleInfo {
    if (info) return info
    throw new PieceworkError('not_found', `There is no schedule ${this.name}`)
  }
}
