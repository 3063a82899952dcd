/** The processes of a soak and what befalls them: killed, stopped and continued, ended; each signalled by its own pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seeded } from '../../src/conformance/random.ts'
import { oneFile } from '../servers/one-file.ts'

export type DriverName = 'node:sqlite' | 'better-sqlite3'

export interface SoakOptions {
  readonly seed: number
  /** How long faults happen, at most; they end sooner when all tasks are added. */
  readonly seconds: number
  readonly processes: number
  /** How many tasks are added in all. */
  readonly tasks: number
  readonly drivers: readonly DriverName[]
  readonly synchronous: 'full' | 'normal'
  /** How long all may take to be drained once no more faults happen. */
  readonly drainSeconds: number
}

/** What a process is told. */
export interface WorkerOrder {
  readonly file: string
  readonly log: string
  readonly seed: number
  readonly driver: DriverName
  readonly synchronous: 'full' | 'normal'
  readonly quota: number
  /** The longest pause between two calls of add. */
  readonly pauseMs: number
  readonly patienceMs: number
}

interface Member {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  /** Where its stdout goes: a file, in which everything is that was written before a kill. */
  readonly out: string
  stopped: boolean
}

const script = await oneFile(new URL('./worker.ts', import.meta.url))

export class Fleet {
  readonly counts = { spawned: 0, kills: 0, pauses: 0, terms: 0, selfKills: 0 }
  /** Processes that ended otherwise than they were told to. */
  readonly wrongEnds: string[] = []
  /** Those whose start may come late in the log: they stood still for a while. */
  readonly paused = new Set<number>()
  readonly #folder: string
  readonly #options: SoakOptions
  readonly #random: Random
  readonly #members = new Set<Member>()
  readonly #continuing = new Set<Promise<void>>()
  readonly #killing = new Set<ChildProcess>()

  constructor(folder: string, options: SoakOptions) {
    this.#folder = folder
    this.#options = options
    this.#random = seeded(options.seed)
  }

  /** Keeps so many processes alive. `quota`: how many tasks a new one is to add. */
  fill(quota: () => number): void {
    while (this.#members.size < this.#options.processes) this.#spawn(quota())
  }

  /** One fault to one process, drawn by the seed. */
  strike(): void {
    // Mostly those that work: one that still loads its modules has nothing to lose, and none would come further.
    const early = this.#random.chance(10)
    const running = [...this.#members].filter(({ stopped, out }) => !stopped && (early || statSync(out).size > 0))
    if (running.length === 0) return
    const member = this.#random.pick(running)
    const chance = this.#random.below(100)
    // Without a kill, which some seeds would not draw in a short soak, it would show little.
    if (chance < 50 || this.counts.kills === 0) {
      this.counts.kills++
      this.#killing.add(member.child)
      member.child.kill('SIGKILL')
    } else if (chance < 85) {
      this.counts.pauses++
      // Past the lease; now and then also past the time that SQLite waits for a lock.
      this.#pause(member, this.#random.chance(6) ? 6_500 : 1_100 + this.#random.below(1_400))
    } else {
      this.counts.terms++
      member.child.kill('SIGTERM')
    }
  }

  /** Whether all that are alive have added what they were to add. */
  get added(): boolean {
    return [...this.#members].every(({ out }) => readFileSync(out, 'utf8').includes('"done":true'))
  }

  /** Resolves when all that were stopped go on. */
  async settle(): Promise<void> {
    await Promise.all(this.#continuing)
  }

  /** Tells all to end, and waits. One that does not is named and killed. */
  async end(): Promise<void> {
    const members = [...this.#members]
    for (const { child } of members) child.kill('SIGTERM')
    const late = sleep(15_000, 'late', { ref: false })
    for (const { child, ended } of members) {
      if ((await Promise.race([ended, late])) !== 'late') continue
      this.wrongEnds.push(`${child.pid} did not end within 15 s of its SIGTERM`)
      this.#killing.add(child)
      child.kill('SIGKILL')
      await ended
    }
  }

  #pause(member: Member, ms: number): void {
    const { child } = member
    if (child.pid !== undefined) this.paused.add(child.pid)
    member.stopped = true
    child.kill('SIGSTOP')
    const continued = sleep(ms).then(() => {
      child.kill('SIGCONT')
      member.stopped = false
      this.#continuing.delete(continued)
    })
    this.#continuing.add(continued)
  }

  #spawn(quota: number): void {
    const { drivers, synchronous } = this.#options
    const number = this.counts.spawned++
    const order: WorkerOrder = {
      file: join(this.#folder, 'work.db'),
      log: join(this.#folder, 'handlers.log'),
      seed: this.#options.seed * 10_000 + number,
      driver: drivers[number % drivers.length]!,
      synchronous,
      quota,
      pauseMs: 40,
      patienceMs: this.#random.pick([0, 300, 3_000]),
    }
    const path = join(this.#folder, `out-${number}.log`)
    const out = openSync(path, 'a')
    const error = openSync(join(this.#folder, `err-${number}.log`), 'a')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(order)], {
      stdio: ['ignore', out, error],
    })
    closeSync(out)
    closeSync(error)
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#members.delete(member)
        this.#judge(child, code, signal)
        resolve()
      })
    })
    const member: Member = { child, ended, out: path, stopped: false }
    this.#members.add(member)
  }

  #judge(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (code === 0 || this.#killing.has(child)) return
    // A poisonous task kills the process that runs it; a SIGTERM may come before there is a listener.
    if (signal === 'SIGKILL') this.counts.selfKills++
    else if (signal !== 'SIGTERM') this.wrongEnds.push(`${child.pid} ended with ${signal ?? `code ${code}`}`)
  }
}
