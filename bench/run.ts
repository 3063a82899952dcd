/**
 * `npm run bench`: every contender once a round, in an order that turns, each in a process of its own, and in a folder or
 * a database of its own.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Server } from '../test/servers/server.ts'
import { machine } from './machine.ts'
import type { Contender, Group, Sample, Scenario } from './scenario.ts'
import { scenarios } from './scenarios/all.ts'
import { factsOf, serverOf, stopServers, withDatabase } from './servers.ts'
import { type Round, tablesOf } from './table.ts'

const usage = `npm run bench -- [scenario...] [options]

Scenarios: ${scenarios.map(({ name }) => name).join(', ')}; the beginning of a name is enough. Default: all.
  --rounds n    how often each contender is measured (5)
  --tasks n     how many tasks a drain takes; others take a share of it (50000)
  --only text   only contenders with this in their names
  --minutes n   no round is begun that would end later than this (5)
  --folder dir  where the database files go, and go away again (the system's folder for such)`

/** A single measurement that takes longer than this, with what is prepared for it, hangs. */
const hangMs = 240_000

/** One group of one scenario, as it is asked for, and what is known of it by now. */
interface Contest {
  readonly scenario: Scenario
  readonly group: Group
  readonly contenders: readonly Contender[]
  readonly rounds: Round[]
  /** Where the scenario needs one and there is one. */
  readonly server: Server | undefined
  /** How long its longest round took. */
  roundMs: number
}

const options = readOptions()
const folder = mkdtempSync(join(options.folder, 'piecework-bench-'))
let running: ChildProcess | undefined
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill('SIGKILL')
    process.exit(1)
  })
}

const chosen = scenarios
  .filter(({ name }) => options.names.length === 0 || options.names.some((given) => name.startsWith(given)))
  .filter(({ groups }) => groups.some((group) => contendersOf(group).length > 0))
if (chosen.length === 0) fail('No scenario or contender has such a name')
const contests: Contest[] = []
/** What is printed under a scenario's name: its server, or why it was skipped. */
const remarks = new Map<Scenario, string>()
for (const scenario of chosen) await enter(scenario)
await measureAll()
console.log(machine(options.folder))
for (const scenario of chosen) printScenario(scenario)
await stopServers()

/** Starts the server that the scenario needs, and leaves the scenario out where there is none. */
async function enter(scenario: Scenario): Promise<void> {
  const server = scenario.server && (await serverOf(scenario.server))
  if (server && 'missing' in server) {
    remarks.set(scenario, `Skipped, as there is no ${scenario.server} server: ${server.missing}.`)
    console.error(`skipped ${scenario.name}: ${server.missing}`)
    return
  }
  if (scenario.server && server) remarks.set(scenario, `On ${await factsOf(scenario.server, server)}.`)
  for (const group of scenario.groups) {
    const contenders = contendersOf(group)
    if (contenders.length > 0) contests.push({ scenario, group, contenders, server, rounds: [], roundMs: 0 })
  }
}

/** Rounds go through all groups, so that a busy minute of the machine meets all of them. */
async function measureAll(): Promise<void> {
  const endsAt = performance.now() + options.minutes * 60_000
  for (let round = 0; round < options.rounds; round++) {
    for (const contest of contests) {
      const isTimeLeft = performance.now() + contest.roundMs <= endsAt
      if (round >= (contest.scenario.roundsMax ?? Number.POSITIVE_INFINITY) || !isTimeLeft) continue
      const began = performance.now()
      contest.rounds.push(await measureRound(contest, round))
      contest.roundMs = Math.max(contest.roundMs, performance.now() - began)
      console.error(`round ${round + 1}: ${contest.scenario.name}, ${contest.group.title}`)
    }
  }
}

async function measureRound(contest: Contest, round: number): Promise<Round> {
  const { scenario, contenders } = contest
  const samples = new Map<string, Sample>()
  const first = round % contenders.length
  for (const { name, share = 1 } of [...contenders.slice(first), ...contenders.slice(0, first)]) {
    const count = Math.ceil(scenario.countOf(options.tasks) * share)
    samples.set(name, await inPlace(contest, (place) => measureOnce(contest, name, place, count)))
  }
  return samples
}

/** Calls `body` with a folder or a database that is empty, and gone afterwards. */
async function inPlace<T>({ scenario, server }: Contest, body: (place: string) => Promise<T>): Promise<T> {
  if (scenario.server && server) return withDatabase(scenario.server, server, body)
  const own = mkdtempSync(join(folder, 'one-'))
  try {
    return await body(own)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

function measureOnce({ scenario, group }: Contest, name: string, place: string, count: number): Promise<Sample> {
  const args = [scenario.name, group.title, name, place, String(count)]
  const execArgv = ['--expose-gc', '--disable-warning=ExperimentalWarning']
  const child = fork(join(import.meta.dirname, 'measure.ts'), args, {
    execArgv,
    timeout: hangMs,
    killSignal: 'SIGKILL',
  })
  running = child
  return new Promise((resolve, reject) => {
    let sample: Sample | undefined
    child.on('message', (message) => {
      sample = message as Sample
    })
    child.on('exit', (code, signal) => {
      if (sample && code === 0) resolve(sample)
      else reject(new Error(`${args.slice(0, 3).join(', ')}: the process ended with ${signal ?? code}`))
    })
  })
}

function contendersOf(group: Group): readonly Contender[] {
  return group.contenders.filter(({ name }) => name.includes(options.only))
}

function printScenario(scenario: Scenario): void {
  console.log(`\n## ${scenario.name}: ${scenario.about}`)
  const remark = remarks.get(scenario)
  if (remark) console.log(`\n${remark}`)
  for (const { group, rounds } of contests.filter((contest) => contest.scenario === scenario)) {
    const count = scenario.countOf(options.tasks).toLocaleString('en-US')
    console.log(`\n### ${group.title} (${count} tasks, ${rounds.length} rounds)\n`)
    console.log(tablesOf(group, rounds))
  }
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        tasks: { type: 'string', default: '50000' },
        only: { type: 'string', default: '' },
        minutes: { type: 'string', default: '5' },
        folder: { type: 'string', default: tmpdir() },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    return {
      names: positionals,
      rounds: integer('rounds', values.rounds),
      tasks: integer('tasks', values.tasks),
      minutes: integer('minutes', values.minutes),
      only: values.only,
      folder: values.folder,
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function integer(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new TypeError(`Expected --${name} to be an integer from 1 and up, got \`${text}\``)
}

function fail(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}
