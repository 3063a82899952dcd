/** `piecework purge`: removes what is done, once it was told to: without `--yes` it only counts. */
import type { Duration, Piecework, PurgeOptions } from '../../index.ts'
import { oneLine } from '../failure.ts'
import { jsonLine, type Output, write } from '../output.ts'

export interface PurgeFlags {
  readonly olderThan: Duration
  readonly states?: string[]
  readonly names?: string[]
  readonly archived?: boolean
  readonly yes?: boolean
}

/** `target`: where it is done, to be said before it is too late. */
export async function purge(work: Piecework, flags: PurgeFlags, target: string, output: Output): Promise<void> {
  const { olderThan, states, names, archived = false, yes = false } = flags
  const counts = await work.purge({
    olderThan,
    archived,
    dryRun: !yes,
    ...(states ? { states: states as NonNullable<PurgeOptions['states']> } : {}),
    ...(names ? { names } : {}),
  })
  if (!output.isTTY) return write(output, [jsonLine({ storage: target, dryRun: !yes, ...counts })])
  const words = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
  const told = yes ? `Removed from ${target}` : `Would be removed from ${target}, with --yes`
  await write(output, [`${oneLine(`${told}: ${words.join(', ')}`)}\n`])
}
