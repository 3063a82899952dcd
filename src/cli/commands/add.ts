/** `piecework add NAME`: one task, by the name of its definition alone. */
import type { AddOptions, Piecework, TaskDefinition } from '../../index.ts'
import { oneLine } from '../failure.ts'
import { jsonLine, type Output, write } from '../output.ts'

export interface AddFlags extends Pick<AddOptions, 'delay' | 'key' | 'priority' | 'id'> {
  readonly input?: unknown
}

export async function add(
  work: Piecework,
  definition: TaskDefinition,
  { input, delay, key, priority, id }: AddFlags,
  output: Output,
): Promise<void> {
  const given = { delay, key, priority, id }
  const options: AddOptions = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const added = await work.add(definition, input, options)
  const told = added.status === 'added' ? `Added as ${added.id}` : `There is one already: ${added.id}`
  await write(output, [output.isTTY ? `${oneLine(told)}\n` : jsonLine(added)])
}
