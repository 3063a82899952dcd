/** `piecework doctor`: what the storage finds when it looks at itself. */
import type { Storage } from '../../index.ts'
import { BadEndError } from '../failure.ts'
import { grid } from '../grid.ts'
import { jsonLine, type Output, write } from '../output.ts'

const columns = [{ title: 'LEVEL' }, { title: 'ABOUT' }, { title: 'FOUND', wraps: true }] as const

/** @throws BadEndError where an app could not start on it. */
export async function doctor(storage: Storage, output: Output): Promise<void> {
  const findings = (await storage.doctor?.()) ?? []
  const rows = findings.map(({ level, about, message }) => [level, about, message])
  await write(output, output.isTTY ? [grid(columns, rows, output.columns)] : findings.map(jsonLine))
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length > 0) throw new BadEndError(errors.map(({ message }) => message).join(' '))
}
