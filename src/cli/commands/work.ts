/** `piecework work MODULE`: does the work of an app's instance, until it is told to end. */
import type { Duration, Piecework, StopReport } from '../../index.ts'
import { durationMs } from '../../index.ts'
import { instanceOf } from '../app.ts'
import { oneLine } from '../failure.ts'
import { type HttpFlags, openHttp, whoMay } from '../http-face.ts'
import { lasting, type Place, type UntilEnd } from '../lasting.ts'
import { jsonLine, type Output, write } from '../output.ts'
import type { Streams } from '../tools.ts'

export interface WorkFlags extends HttpFlags {
  readonly cluster?: number
  readonly only?: 'tasks' | 'schedules'
  readonly timeout: Duration
}

/** @throws UsageError on a module without an instance, and whatever keeps that from starting. */
export async function work(file: string, flags: WorkFlags, { stdout, warn }: Streams): Promise<void> {
  const { cluster: processes } = flags
  const timeoutMs = durationMs('timeout', flags.timeout)
  const greet = (place: Place | undefined) => greeting(file, flags, place, stdout)
  const report = await lasting({ processes, port: flags.port, timeoutMs, greet, warn }, async (untilEnd) =>
    run(await instanceOf(file), flags, timeoutMs, untilEnd),
  )
  await write(stdout, [stdout.isTTY ? toldOf(report) : jsonLine({ stopped: true, ...report })])
}

async function run(work: Piecework, flags: WorkFlags, timeoutMs: number, untilEnd: UntilEnd): Promise<StopReport> {
  const { only, port, unix } = flags
  let server: Awaited<ReturnType<typeof openHttp>> | undefined
  let report: StopReport = { givenBack: [], abandoned: [] }
  try {
    await work.start({ work: only !== 'schedules', schedule: only !== 'tasks' })
    await untilEnd(async () => {
      if (port !== undefined || unix !== undefined) server = await openHttp(work, flags)
      return server
    })
  } finally {
    // At once: whoever waits for an answer that a task gives has it until the same end.
    const closed = server?.close({ timeout: timeoutMs })
    report = await work.close({ timeout: timeoutMs })
    await closed
  }
  return report
}

async function greeting(file: string, flags: WorkFlags, place: Place | undefined, output: Output): Promise<void> {
  const { cluster: processes, only } = flags
  const address = place?.address
  if (!output.isTTY) {
    const facts = { working: file, processes: processes ?? 1, ...(address === undefined ? {} : { address }) }
    return write(output, [jsonLine(facts)])
  }
  const what = { tasks: 'Working, without schedules,', schedules: 'Adding the tasks of schedules', both: 'Working' }
  const by = processes === undefined ? '' : ` in ${processes} ${processes === 1 ? 'process' : 'processes'}`
  const where = address === undefined ? '' : `, listening at ${address}, ${whoMay(flags)}`
  await write(output, [`${oneLine(`${what[only ?? 'both']} for ${file}${by}${where}. Ctrl-C ends it.`)}\n`])
}

function toldOf({ givenBack, abandoned }: StopReport): string {
  const back = givenBack.length === 0 ? '' : ` ${tasks(givenBack.length)} given back, to be run again.`
  const left = abandoned.length === 0 ? '' : ` ${tasks(abandoned.length)} left to their leases, as they did not end.`
  return `Stopped.${back}${left}\n`
}

function tasks(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`
}
