/** Writes docs/states.md from the machines' own tables: `npm run docs:states`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { jobMoves } from '../../src/core/job.ts'
import { reservationMoves } from '../../src/core/reservation.ts'
import { rowMoves } from '../../src/core/row-moves.ts'
import { scheduleMoves } from '../../src/core/schedule.ts'
import { taskMoves } from '../../src/core/task.ts'

export const statesFile = fileURLToPath(new URL('../../docs/states.md', import.meta.url))

type Moves = Readonly<Record<string, Readonly<Record<string, string>>>>

const machines: readonly { readonly title: string; readonly about: string; readonly moves: Moves }[] = [
  {
    title: 'Task',
    about:
      'One unit of work. Attempts are counted by the claim. `completed` is final; `failed` and `cancelled` are left only ' +
      'by a retry by hand.',
    moves: taskMoves,
  },
  {
    title: 'Job',
    about:
      'A set of parts with an optional reduce. Its row is the reduce as well: `reducing` is due, or under way. A part is a ' +
      'task that may also be `skipped`.',
    moves: jobMoves,
  },
  {
    title: 'Schedule',
    about: 'A rule that adds tasks. Its row wakes at its next tick; whoever claims it takes what is due.',
    moves: scheduleMoves,
  },
  {
    title: 'Reservation',
    about:
      "One holder's fenced, time-limited claim. For tasks it lives in the row itself (holder, rev, wakeAt); for rows of " +
      "the app's own tables in columns that the app names. A sign of life there is only for tasks: a row that was started " +
      'has its limit.',
    moves: reservationMoves,
  },
]

/** The page as it should be. */
export function statesPage(): string {
  const head =
    '# States\n\nMade from the `moves` tables of `src/core` by `npm run docs:states`; a test holds it to them.\n'
  return [head, ...machines.map(section), rowSection()].join('\n')
}

/** How the moves of a reservation look in the columns of a row. */
function rowSection(): string {
  const columns = (writes: Readonly<Record<string, unknown>>) =>
    Object.entries(writes).map(([column, write]) => `\`${column}\` ${write}`)
  return [
    "## Row of the app's own\n",
    'Where a row stands is what its columns say: `free` has no reservation and no end, `active` has a reservation, `started` ' +
      'a start as well, `ended` an end. Each move is one write, on condition of that and of the reservation id. Columns ' +
      'that are not named stay.\n',
    '| move | of a row that is | writes |',
    '| --- | --- | --- |',
    ...Object.entries(rowMoves).map(
      ([name, { on, writes }]) =>
        `| ${name.replaceAll('_', ' ')} | ${on.map((standing) => `\`${standing}\``).join(', ')} | ${columns(writes).join(', ')} |`,
    ),
    '',
  ].join('\n')
}

function section({ title, about, moves }: (typeof machines)[number]): string {
  const arrows = Object.entries(moves).flatMap(([from, targets]) =>
    Object.entries(targets).map(([to, why]) => ({ from, to, why })),
  )
  const final = Object.keys(moves).filter((state) => Object.keys(moves[state] ?? {}).length === 0)
  return [
    `## ${title}\n`,
    `${about}\n`,
    '| from | to | by |',
    '| --- | --- | --- |',
    ...arrows.map(({ from, to, why }) => `| \`${from}\` | \`${to}\` | ${why} |`),
    ...final.map((state) => `| \`${state}\` | | final |`),
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...arrows.map(({ from, to, why }) => `  ${from} --> ${to}: ${why}`),
    '```',
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(statesFile, statesPage())
