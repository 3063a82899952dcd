/** `piecework status`: how many tasks, jobs and parts of each name are in which state, once or whenever that changes. */
import { type JobState, jobMoves, type Piecework, type Status, type TaskState, taskMoves } from '../../index.ts'
import { grid } from '../grid.ts'
import { interruptible } from '../interrupt.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { pause } from '../pause.ts'

/** Each look counts the rows of the storage. */
const lookEveryMs = 2_000

const clearScreen = '\u001b[2J\u001b[H'

/** What this process does is of no interest: it runs nothing. */
type Shown = Omit<Status, 'worker'>

const states = [
  ...new Set<TaskState | JobState>(['open', 'held', 'waiting', ...keysOf(taskMoves), ...keysOf(jobMoves)]),
]

export async function status(work: Piecework, { watch }: { watch?: boolean }, output: Output): Promise<void> {
  const form = (shown: Shown) => (output.isTTY ? table(shown, output.columns) : jsonLine(shown))
  if (!watch) return write(output, [form(await look(work))])
  await interruptible(async () => {
    const clear = output.isTTY ? clearScreen : ''
    await write(
      output,
      changes(work, (shown) => clear + form(shown)),
    )
  })
}

async function* changes(work: Piecework, form: (shown: Shown) => string): AsyncGenerator<string> {
  for (let last = ''; ; await pause(lookEveryMs)) {
    const now = form(await look(work))
    if (now !== last) yield now
    last = now
  }
}

async function look(work: Piecework): Promise<Shown> {
  const { worker, ...shown } = await work.status({ all: true })
  return shown
}

function table({ tasks, jobs, parts, capped, paused }: Shown, columns?: number): string {
  const kinds = { task: tasks, job: jobs, part: parts } as const
  const entries = Object.entries(kinds).flatMap(([kind, names]) =>
    Object.entries(names).map(([name, counts]) => ({ kind, name, counts: counts as Record<string, number> })),
  )
  const known = new Set(entries.map(({ name }) => name))
  const idle = paused.filter((name) => !known.has(name))
  if (entries.length + idle.length === 0) return 'No tasks and no jobs\n'
  const seen = states.filter((state) => entries.some(({ counts }) => counts[state]))
  const head = [
    { title: 'OF' },
    { title: 'NAME' },
    ...seen.map((state) => ({ title: state.toUpperCase(), isNumber: true })),
    { title: '' },
  ]
  const rows = entries.map(({ kind, name, counts }) => [
    kind,
    name,
    ...seen.map((state) => (counts[state] ? String(counts[state]) : '')),
    paused.includes(name) ? 'paused' : '',
  ])
  rows.push(...idle.map((name) => ['', name, ...seen.map(() => ''), 'paused']))
  return grid(head, rows, columns) + (capped ? 'There are more: counting stopped.\n' : '')
}

function keysOf<Key extends string>(of: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(of) as Key[]
}
