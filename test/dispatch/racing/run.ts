/** The race: real processes on one SQLite file, killed while they dispatch and run; and then what came of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { type Random, seeded } from '../../../src/conformance/random.ts'
import { type DispatchReport, type JobInfo, piecework } from '../../../src/index.ts'
import { Audit, type Last, prepare, type Step } from '../../jobs/racing/audit.ts'
import { anHourLater } from '../../kill/later.ts'
import { oneFile } from '../../servers/one-file.ts'
import { attribute, consumerThat, id, itemsOf, values, workers } from './consumer.ts'
import type { RaceOrder } from './worker.ts'

export interface Race {
  readonly rows: ReadonlyMap<string, Last>
  /** In the order of their commits. */
  readonly steps: readonly Step[]
  /** Of each execution, `+ pid number` and `- pid number`; and `x pid` where a process was gone. */
  readonly log: readonly string[]
  readonly info: JobInfo<unknown, DispatchReport>
  readonly counts: Readonly<Record<string, number>>
}

export interface RaceOptions {
  readonly seed: number
  readonly processes: number
  /** How many processes are killed from outside; some others kill themselves at some write. */
  readonly kills: number
}

/** From this share of the values on nobody is killed. */
const calmFrom = 0.9
const script = await oneFile(new URL('./worker.ts', import.meta.url))

export async function race({ seed, processes, kills }: RaceOptions): Promise<Race> {
  const folder = mkdtempSync(join(tmpdir(), 'piecework-dispatch-race-'))
  const file = join(folder, 'race.db')
  const log = join(folder, 'race.log')
  prepare(file)
  const audit = new Audit(file)
  const fleet = new Fleet({ file, log, seed }, processes)
  try {
    const begun = performance.now()
    const strikeEvery = (values * calmFrom) / (kills + 1)
    let still = 0
    for (let strikeAt = strikeEvery, before = 0; ; await sleep(20)) {
      fleet.fill()
      const done = audit.parts('completed')
      if (done >= values * calmFrom) fleet.isCalm = true
      else if (done >= strikeAt && fleet.strike()) strikeAt += strikeEvery
      still = done === before ? still + 1 : 0
      before = done
      // What a crash left to the dispatch's own wake is not waited for.
      if (fleet.isDispatched && (done === values || still > 150)) break
      if (performance.now() - begun > 60_000) throw new Error(`${done} of ${values} values are done after a minute`)
    }
    await fleet.end()
    const seconds = Math.round((performance.now() - begun) / 100) / 10
    const counts = { ...fleet.counts, seconds, left: values - audit.parts('completed') }
    const info = await goOn(file, log, seed)
    return { rows: audit.rows(), steps: [...audit.steps().values()].flat(), log: lines(log), info, counts }
  } finally {
    await fleet.end()
    audit.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same call again, an hour later, by a process that nobody kills. */
async function goOn(file: string, log: string, seed: number): Promise<JobInfo<unknown, DispatchReport>> {
  const consumer = consumerThat(log)
  const work = piecework({ storage: anHourLater(sqlite(file)), definitions: [consumer] })
  const run = await work.dispatch({ items: itemsOf(seed), attribute, to: consumer, id, workers })
  await work.drain()
  const info = await run.info()
  await work.close()
  return info
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n')
}

class Fleet {
  readonly counts = { spawned: 0, struck: 0, selfKills: 0, superseded: 0 }
  /** Nobody is killed any more. */
  isCalm = false
  isDispatched = false
  readonly #to: Pick<RaceOrder, 'file' | 'log' | 'seed'>
  readonly #random: Random
  readonly #members: (ChildProcess | undefined)[]
  readonly #working = new Set<ChildProcess>()
  readonly #struck = new Set<ChildProcess>()

  constructor(to: Pick<RaceOrder, 'file' | 'log' | 'seed'>, processes: number) {
    this.#to = to
    this.#random = seeded(to.seed)
    this.#members = Array.from({ length: processes })
  }

  /** Replaces who is gone. */
  fill(): void {
    for (const [place, member] of this.#members.entries()) if (!member) this.#spawn(place)
  }

  /** Kills one that works, if there is one. */
  strike(): boolean {
    const child = this.#random.pick([...this.#working])
    if (!child) return false
    this.counts.struck++
    this.#struck.add(child)
    return child.kill('SIGKILL')
  }

  async end(): Promise<void> {
    const members = this.#members.filter((member) => member !== undefined)
    await Promise.all(
      members.map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await ended
      }),
    )
  }

  #spawn(place: number): void {
    this.counts.spawned++
    const order: RaceOrder = {
      ...this.#to,
      // Two of them, so that a dispatch is superseded now and then.
      dispatches: !this.isDispatched && place < 2,
      dieAtWrite: this.#deathAtWrite(),
      dieBefore: this.#random.chance(50),
    }
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(order)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child.on('message', (said) => {
      this.#working.add(child)
      if (said === 'dispatched') this.isDispatched = true
      if (said === 'superseded') this.counts.superseded++
    })
    child.once('exit', (code, signal) => {
      appendFileSync(this.#to.log, `x ${child.pid}\n`)
      this.#members[place] = undefined
      this.#working.delete(child)
      if (signal === 'SIGKILL' && !this.#struck.has(child)) this.counts.selfKills++
      if (code) throw new Error(`A process of the race ended with ${code}`)
    })
    this.#members[place] = child
  }

  /** The first ones kill themselves for sure. */
  #deathAtWrite(): number {
    if (this.isCalm) return 0
    if (this.counts.spawned <= 2) return 1 + this.#random.below(40)
    return this.#random.chance(50) ? 1 + this.#random.below(200) : 0
  }
}
