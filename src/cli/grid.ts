/** Rows under a head, for people: columns as wide as what stands in them, the last one as wide as the terminal. */
import { styleText } from 'node:util'
import Table from 'cli-table3'
import { columnMin, cut, linesOf, plain, widthOf } from './tables.ts'

export interface Column {
  readonly title: string
  /** Numbers are read from their ends. */
  readonly isNumber?: boolean
  /** What does not fit goes on in the next line. Only of the last one. */
  readonly wraps?: boolean
}

export function grid(columns: readonly Column[], rows: readonly (readonly string[])[], terminal?: number): string {
  const cells = rows.map((row) => row.map(cut))
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]!.length)))
  const used = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const last = Math.min(widths.at(-1)!, Math.max(columnMin, widthOf(terminal) - used))
  const table = new Table({
    ...plain,
    head: columns.map(({ title }) => styleText('dim', title)),
    colWidths: [...widths.slice(0, -1), last],
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    wrapOnWordBoundary: true,
  })
  for (const row of cells) {
    table.push(row.map((content, at) => (columns[at]!.wraps ? { content, wordWrap: true } : content)))
  }
  return linesOf(table)
}
