/** The processes of a race over rows and what befalls them: killed, or stopped and continued; each by its own pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seeded } from '../../../src/conformance/random.ts'
import { oneFile } from '../../servers/one-file.ts'
import type { RaceOrder } from './order.ts'

interface Member {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  works: boolean
  stopped: boolean
}

export interface FleetOptions {
  readonly processes: number
  readonly order: RaceOrder
  /** A process that is stopped stands still for at least so long, and for less than twice as long. */
  readonly stopMs: number
}

const script = await oneFile(new URL('./worker.ts', import.meta.url))

/** How long a process may take to end once it was told to. */
const patienceMs = 20_000

export class Fleet {
  readonly counts = { spawned: 0, kills: 0, stops: 0 }
  /** Processes that ended otherwise than they were told to. */
  readonly wrongEnds: string[] = []
  /** The pids of those that were killed. */
  readonly killed = new Set<number>()
  readonly #options: FleetOptions
  readonly #random: Random
  readonly #members: (Member | undefined)[]
  readonly #standing = new Set<Promise<void>>()

  constructor(options: FleetOptions) {
    this.#options = options
    this.#random = seeded(options.order.seed)
    this.#members = Array.from({ length: options.processes })
  }

  /** Replaces who is gone. */
  fill(): void {
    for (const [slot, member] of this.#members.entries()) if (!member) this.#spawn(slot)
  }

  /** Kills or stops one that works, if there is one. */
  strike(): boolean {
    const member = this.#random.pick(this.#members.filter((each) => each?.works && !each.stopped))
    if (!member) return false
    if (this.#random.chance(50)) {
      this.counts.kills++
      if (member.child.pid !== undefined) this.killed.add(member.child.pid)
      member.child.kill('SIGKILL')
    } else {
      this.counts.stops++
      this.#stop(member)
    }
    return true
  }

  /** Resolves when all that were stopped go on. */
  async settle(): Promise<void> {
    await Promise.all(this.#standing)
  }

  /** Tells all to end, and waits. One that does not is named and killed. */
  async end(): Promise<void> {
    const members = this.#members.filter((member) => member !== undefined)
    for (const { child } of members) {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
    }
    const late = setTimeout(() => {
      for (const { child } of this.#members.filter((member) => member !== undefined)) {
        this.wrongEnds.push(`${child.pid} did not end within ${patienceMs} ms of its SIGTERM`)
        child.kill('SIGKILL')
      }
    }, patienceMs)
    await Promise.all(members.map(({ ended }) => ended))
    clearTimeout(late)
  }

  #stop(member: Member): void {
    const { child } = member
    const { stopMs } = this.#options
    member.stopped = true
    child.kill('SIGSTOP')
    const standing = sleep(stopMs + this.#random.below(stopMs)).then(() => {
      child.kill('SIGCONT')
      member.stopped = false
      this.#standing.delete(standing)
    })
    this.#standing.add(standing)
  }

  #spawn(slot: number): void {
    const { order } = this.#options
    const seed = order.seed * 10_000 + this.counts.spawned++
    const told = JSON.stringify({ ...order, seed } satisfies RaceOrder)
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, told], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const ended = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#members[slot] = undefined
        // A SIGTERM may come before there is a listener.
        const isTold = code === 0 || signal === 'SIGKILL' || (signal === 'SIGTERM' && !member.works)
        if (!isTold) this.wrongEnds.push(`${child.pid} ended with ${signal ?? `code ${code}`}`)
        resolve()
      })
    })
    const member: Member = { child, ended, works: false, stopped: false }
    child.once('message', () => {
      member.works = true
    })
    this.#members[slot] = member
  }
}
