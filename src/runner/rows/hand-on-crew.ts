/**
 * Workers elsewhere: each reserved row becomes a task of the instance's storage, and gets its start and its end by what
 * becomes of the task.
 *
 * Nothing is kept here. A task's id is made of the row's reservation id, so any dispatcher of the table can find the
 * task of a row and write what is known of it. A row whose dispatcher died before its task was added lapses.
 */
import { fulfilledWithin } from '../clock.ts'
import type { Engine } from '../engine.ts'
import { Health } from '../health.ts'
import type { StopReport } from '../worker.ts'
import type { RowSettings } from './definition.ts'
import { HandedRows, type HandedTasks, type HandingOn, taskId } from './handed-rows.ts'
import { Passes } from './passes.ts'
import { Reserver } from './reserver.ts'
import type { Crew } from './row-crews.ts'
import { Terms } from './term.ts'

/** How many rows are looked after in one call, at most. */
const maxPageSize = 500

/** How long a pass is waited for when the patience of a stop is over. */
const stopGraceMs = 200

export class HandOnCrew implements Crew {
  readonly held = 0
  readonly #engine: Engine
  readonly #settings: RowSettings
  readonly #tasks: HandedTasks
  readonly #health: Health
  readonly #reserver: Reserver
  readonly #passes: Passes
  readonly #terms = new Terms()
  readonly #rows: HandedRows
  #isStopping = false
  #stops = 0

  constructor(
    engine: Engine,
    settings: RowSettings,
    work: HandingOn,
    options: { readonly pollMs: number },
    tasks: HandedTasks,
  ) {
    this.#engine = engine
    this.#settings = settings
    this.#tasks = tasks
    this.#rows = new HandedRows(engine, settings, work, tasks)
    this.#health = new Health(engine.clock, engine.notifier, engine.random, settings.source.title)
    this.#reserver = new Reserver(engine, settings, this.#health)
    this.#passes = new Passes(engine, this.#health, options.pollMs, {
      pass: () => this.#pass(),
      isIdle: () => true,
    })
  }

  async open(): Promise<void> {
    await this.#reserver.open()
  }

  start(): void {
    this.#terms.begin()
    this.#reserver.hurry()
    this.#passes.start()
  }

  async drain(): Promise<number> {
    const stops = this.#stops
    await this.open()
    // A stop that is under way would wait for it; one that came meanwhile meant it.
    if (this.#isStopping || this.#stops !== stops) return 0
    this.#terms.begin()
    this.#reserver.hurry()
    await this.#passes.drain()
    // Its tasks are counted where they run.
    return 0
  }

  /** What was handed on goes on elsewhere. */
  async stop(timeoutMs: number, _report: StopReport): Promise<void> {
    this.#isStopping = true
    this.#stops++
    await fulfilledWithin(this.#engine.clock, timeoutMs + stopGraceMs, this.#passes.stop())
    this.#terms.end()
    this.#isStopping = false
    this.#health.endPauses()
  }

  async #pass(): Promise<boolean> {
    const isOver = this.#terms.watch()
    // What is known of tasks comes first: a row whose task has ended must not be taken back for being late.
    const { unstarted, ended } = await this.#settleAll(isOver)
    if (this.#isStopping) return false
    const expired: string[] = []
    await this.#reserver
      .relaunch(isOver, ({ id, token, tries, standing }) => {
        if (standing === 'ended' || token === null) return
        this.#engine.notifier.tell('expired', () => ({ id, name: this.#settings.name, attempt: tries }))
        expired.push(token)
      })
      .finally(() => this.#rows.cancelAll(expired, isOver))
    if (this.#isStopping) return false
    const fresh = await this.#reserver.reserve(unstarted, () => true, isOver)
    await this.#rows.hand(fresh, isOver)
    this.#health.up()
    return fresh.length > 0 || ended > 0
  }

  /** Goes over all rows that are held, by whatever dispatcher. */
  async #settleAll(isOver: () => boolean): Promise<{ unstarted: number; ended: number }> {
    const { source } = this.#settings
    const pageSize = Math.min(maxPageSize, this.#tasks.batchMax)
    const sum = { unstarted: 0, ended: 0 }
    for (let after: string | undefined; ; ) {
      if (this.#isStopping) return sum
      const held = await source.held(after === undefined ? { limit: pageSize } : { after, limit: pageSize })
      const tasks = await this.#tasks.get(held.map(({ token }) => taskId(token)))
      const own = held.flatMap((row, index) => {
        return row.standing === 'active' && row.token.startsWith(this.#reserver.prefix)
          ? [{ row, task: tasks[index] }]
          : []
      })
      sum.unstarted += own.filter(({ task }) => !task || task.attempts === 0).length
      // Its reservation was answered, or made without an answer, and its task was not added then.
      await this.#rows.hand(
        own.flatMap(({ row, task }) => (task ? [] : [row])),
        isOver,
      )
      const known = held.flatMap((row, index) => (tasks[index] ? [{ row, task: tasks[index] }] : []))
      sum.ended += await this.#rows.settle(known, isOver)
      if (held.length < pageSize) return sum
      after = held.at(-1)?.id
    }
  }
}
