/** The processes of the race: killed now and then, by themselves or from outside, and replaced at once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Random, seeded } from '../../../src/conformance/random.ts'
import { oneFile } from '../../servers/one-file.ts'

export interface RaceOptions {
  readonly seed: number
  readonly jobs: number
  readonly processes: number
  /** How many handlers each process runs at once. */
  readonly concurrency: number
  /** How many processes are killed from outside; most others kill themselves at some write. 0: nobody is killed. */
  readonly kills: number
  /** How many attempts at a part of a hundred fail their job, which is then resumed; now and then one is cancelled. */
  readonly trouble: number
}

/** What a process is told. */
export interface RaceOrder {
  readonly file: string
  readonly seed: number
  readonly concurrency: number
  readonly trouble: number
  /** The jobs that it adds, and the file in which it notes which are there. */
  readonly numbers: readonly number[]
  readonly added: string
  /** It kills itself at this write, before or after it; 0: never. */
  readonly dieAtWrite: number
  readonly dieBefore: boolean
}

interface Member {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  works: boolean
}

const script = await oneFile(new URL('./worker.ts', import.meta.url))

export class Fleet {
  readonly counts = { spawned: 0, struck: 0, selfKills: 0 }
  /** Processes that ended otherwise than they were told to. */
  readonly wrongEnds: string[] = []
  readonly #folder: string
  readonly #options: RaceOptions
  readonly #random: Random
  readonly #members: (Member | undefined)[]
  readonly #struck = new Set<ChildProcess>()
  #deadly: boolean

  constructor(folder: string, options: RaceOptions) {
    this.#folder = folder
    this.#options = options
    this.#random = seeded(options.seed)
    this.#deadly = options.kills > 0
    this.#members = Array.from({ length: options.processes })
  }

  /** Replaces who is gone. */
  fill(): void {
    for (const [slot, member] of this.#members.entries()) if (!member) this.#spawn(slot)
  }

  /** Kills one that works, if there is one. */
  strike(): boolean {
    const working = this.#members.filter((member) => member?.works)
    if (working.length === 0) return false
    const { child } = this.#random.pick(working)!
    this.counts.struck++
    this.#struck.add(child)
    return child.kill('SIGKILL')
  }

  /** Those that are begun from now on do not kill themselves. */
  calm(): void {
    this.#deadly = false
  }

  /** Tells all to end, and waits. One that does not is named and killed. */
  async end(): Promise<void> {
    const members = this.#members.filter((member) => member !== undefined)
    for (const { child } of members) child.kill('SIGTERM')
    const timer = setTimeout(() => {
      for (const { child } of this.#members.filter((member) => member !== undefined)) {
        this.wrongEnds.push(`${child.pid} did not end within 20 s of its SIGTERM`)
        child.kill('SIGKILL')
      }
    }, 20_000)
    await Promise.all(members.map(({ ended }) => ended))
    clearTimeout(timer)
  }

  #spawn(slot: number): void {
    const { seed, jobs, processes, concurrency, trouble } = this.#options
    this.counts.spawned++
    const order: RaceOrder = {
      file: join(this.#folder, 'race.db'),
      seed,
      concurrency,
      trouble,
      numbers: Array.from({ length: jobs }, (_, number) => number).filter((number) => number % processes === slot),
      added: join(this.#folder, `added-${slot}.log`),
      dieAtWrite: this.#deadly && this.#random.chance(70) ? 1 + this.#random.below(400) : 0,
      dieBefore: this.#random.chance(50),
    }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(order)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#members[slot] = undefined
        if (signal === 'SIGKILL' && !this.#struck.has(child)) this.counts.selfKills++
        else if (code !== 0 && signal !== 'SIGKILL' && member.works)
          this.wrongEnds.push(`${child.pid} ended with ${signal ?? code}`)
        resolve()
      })
    })
    const member: Member = { child, ended, works: false }
    child.once('message', () => {
      member.works = true
    })
    this.#members[slot] = member
  }
}
