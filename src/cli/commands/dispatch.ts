/** `piecework dispatch`: hands the items of a task or job over to a consumer, whose workers are elsewhere. */
import type { DispatchReport, JobInfo, Piecework, TaskDefinition } from '../../index.ts'
import { BadEndError } from '../failure.ts'
import { follow } from '../follow.ts'
import { interruptible } from '../interrupt.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { tableOfDispatch } from '../tables.ts'

/** The seed's flags. */
export interface DispatchFlags {
  readonly consumeJobItems: string
  readonly consumeJobAttribute: string
  readonly consumer: string
  readonly consumerArgs?: Record<string, unknown>
  readonly workers: number
  readonly project?: string
  readonly begin?: boolean
  readonly wait: boolean
}

/** @throws BadEndError where values are left over that will not be run. */
export async function dispatch(
  work: Piecework,
  to: TaskDefinition,
  flags: DispatchFlags,
  output: Output,
): Promise<void> {
  const {
    consumeJobItems: items,
    consumeJobAttribute: attribute,
    consumerArgs: args = {},
    workers,
    begin = false,
  } = flags
  const id = idOf(flags)
  let isFed = false
  const told = () => toldWhenLeft(id, flags, isFed)
  await interruptible(async (signal) => {
    if (output.isTTY) await write(output, [`The items of ${items} are handed over to ${to.name}, as ${id}\n`])
    await work.dispatch({ items, attribute, to, args, workers, begin, id })
    isFed = true
    if (!flags.wait) return write(output, [output.isTTY ? `${id} goes on\n` : jsonLine(await work.job(id))])
    const job = await follow(work, id, output, signal, tableOfDispatch)
    checkReport(job)
  }, told)
}

/** One tracker for each project and consumer. An id holds no slash; `%` keeps two pairs from making one id. */
function idOf({ project, consumer }: DispatchFlags): string {
  const escaped = (name: string) => name.replaceAll('%', '%25').replaceAll('/', '%2F')
  const place = project === undefined ? '' : `${escaped(project).replaceAll('.', '%2E')}.`
  return `dispatch.${place}${escaped(consumer)}`
}

function toldWhenLeft(id: string, { begin }: DispatchFlags, isFed: boolean): string {
  const again = begin ? 'The same command without --begin' : 'The same command'
  return isFed
    ? `The work goes on in its workers. \`piecework info ${id} --watch\` watches it.`
    : `What was handed over goes on in its workers. ${again} hands over the rest.`
}

function checkReport({ id, result }: JobInfo): void {
  const { exhausted, refused, cancelled } = result as DispatchReport
  const left = [
    [exhausted, 'exhausted'],
    [refused, 'refused'],
    [cancelled, 'cancelled'],
  ] as const
  const words = left.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []))
  if (words.length > 0) throw new BadEndError(`Not all items of ${id} were run well: ${words.join(', ')}`)
}
