/** The race: scheduler processes on one storage, their clocks minutes apart, killed at any moment; and what came of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Random, seeded } from '../../../src/conformance/random.ts'
import { piecework } from '../../../src/index.ts'
import { taskInfo } from '../../../src/runner/task-info.ts'
import { oneFile } from '../../servers/one-file.ts'
import { type Address, openAt } from '../../servers/places.ts'
import { tick } from './tick.ts'
import type { RaceOrder } from './worker.ts'

export interface Race {
  /** When there should have been ticks. */
  readonly wanted: readonly number[]
  /** Of each task that there is: when it was meant to run, and when it was added, by the storage's time. */
  readonly tasks: readonly { readonly id: string; readonly runAt: number; readonly addedAt: number }[]
  readonly counts: { spawned: number; struck: number; selfKills: number }
  /** Processes that ended otherwise than they were told to. */
  readonly wrongEnds: readonly string[]
}

const processes = 8
const script = await oneFile(new URL('./worker.ts', import.meta.url))
const minuteMs = 60_000

export async function race({ seed, address, ticks }: { seed: number; address: Address; ticks: number }): Promise<Race> {
  const storage = await openAt(address)
  const work = piecework({ storage, definitions: [tick] })
  const fleet = new Fleet(seed, address)
  try {
    fleet.fill()
    await fleet.working()
    const now = (await storage.now?.())?.now ?? 0
    const first = Math.floor(now / 1_000) * 1_000 + 2_000
    const until = first + (ticks - 1) * 1_000
    await work.schedule(tick, { cron: '* * * * * *', name: 'race', missed: 'all', limit: 1_000, until })
    const { nextAt = 0 } = await work.scheduled('race').info()
    for (let waited = 0; (await work.scheduled('race').info()).state !== 'ended'; waited++) {
      if (waited > ticks + 60) throw new Error('The schedule has not ended a minute after its last tick')
      await sleep(1_000)
      fleet.isCalm = waited > ticks
      if (!fleet.isCalm) fleet.strike()
      fleet.fill()
    }
    await fleet.end()
    const rows = []
    for (let after: string | null = ''; after !== null; ) {
      const page: Awaited<ReturnType<typeof storage.find>> = await storage.find({ names: ['tick'], after }, 500)
      rows.push(...page.rows)
      after = page.after
    }
    const wanted = Array.from({ length: (until - nextAt) / 1_000 + 1 }, (_, n) => nextAt + n * 1_000)
    return { wanted, tasks: rows.map(taskInfo), counts: fleet.counts, wrongEnds: fleet.wrongEnds }
  } finally {
    await fleet.end()
    await work.close()
  }
}

class Fleet {
  readonly counts = { spawned: 0, struck: 0, selfKills: 0 }
  readonly wrongEnds: string[] = []
  /** Those that are begun from now on do not kill themselves. */
  isCalm = false
  readonly #random: Random
  readonly #address: Address
  readonly #members: (ChildProcess | undefined)[] = Array.from({ length: processes })
  readonly #working = new Set<ChildProcess>()
  readonly #struck = new Set<ChildProcess>()

  constructor(seed: number, address: Address) {
    this.#random = seeded(seed)
    this.#address = address
  }

  fill(): void {
    for (const [place, member] of this.#members.entries()) if (!member) this.#spawn(place)
  }

  /** Until half of them work: on a machine that does much else the rest may take long. */
  async working(): Promise<void> {
    for (let waited = 0; this.#working.size < processes / 2; waited++) {
      if (waited > 600) throw new Error(`${this.#working.size} of ${processes} processes work after a minute`)
      await sleep(100)
      this.fill()
    }
  }

  strike(): void {
    const child = this.#random.pick([...this.#working])
    if (!child) return
    this.counts.struck++
    this.#struck.add(child)
    child.kill('SIGKILL')
  }

  async end(): Promise<void> {
    const members = this.#members.filter((member) => member !== undefined)
    await Promise.all(
      members.map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
        child.kill('SIGTERM')
        await ended
        clearTimeout(patience)
      }),
    )
  }

  #spawn(place: number): void {
    this.counts.spawned++
    const order: RaceOrder = {
      address: this.#address,
      skewMs: (this.#random.below(13) - 6) * minuteMs,
      work: place % 2 === 0,
      dieAtWrite: this.#deathAtWrite(),
      dieBefore: this.#random.chance(50),
    }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(order)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child.on('message', () => void this.#working.add(child))
    child.once('exit', (code, signal) => {
      this.#members[place] = undefined
      this.#working.delete(child)
      if (signal === 'SIGKILL' && !this.#struck.has(child)) this.counts.selfKills++
      if (code) this.wrongEnds.push(`code ${code}`)
    })
    this.#members[place] = child
  }
  /** All of the first ones kill themselves, once they take a tick: adding its task and moving on are two writes. */
  #deathAtWrite(): number {
    if (this.isCalm) return 0
    return this.counts.spawned <= processes || this.#random.chance(50) ? 1 + this.#random.below(2) : 0
  }
}
