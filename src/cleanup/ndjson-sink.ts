/** `ndjsonSink({ folder })`: a sink of `purge` that keeps what is done as lines of JSON, each state in files of its own. */
import { resolve } from 'node:path'
import { expected, expectInteger, expectOptions } from '../core/expect.ts'
import type { JobInfo } from '../runner/jobs/info.ts'
import type { DoneState, PurgeSink } from '../runner/purge.ts'
import { doneStates } from '../runner/retention.ts'
import type { TaskInfo } from '../runner/task-info.ts'
import { checkFolder } from './files.ts'
import { LogFile } from './log-file.ts'

export interface NdjsonSinkOptions {
  /** Made if it is not there. One process at a time writes to it. */
  readonly folder: string
  /** Over how many bytes a file is put aside for another. @default 5,000,000 */
  readonly maxBytes?: number
  /** How many files of each state there are at most; beyond that the oldest goes. @default 20 */
  readonly maxFiles?: number
}

/** Resolves once every line is on the disk: only then does a purge remove anything. */
export interface NdjsonSink extends PurgeSink {
  (...page: Parameters<PurgeSink>): Promise<void>
  /** Rejects where nothing can be written to the folder. */
  check(): Promise<void>
}

/** Lines are written in pieces of about so many characters, and never cut between two files. */
const maxPiece = 64 * 1024

/** @throws TypeError on options that cannot be. */
export function ndjsonSink(options: NdjsonSinkOptions): NdjsonSink {
  expectOptions('options', options, ['folder', 'maxBytes', 'maxFiles'])
  const { folder, maxBytes = 5_000_000, maxFiles = 20 } = options
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw expected('folder', 'the path of a folder', folder)
  }
  expectInteger('maxBytes', maxBytes, 1)
  expectInteger('maxFiles', maxFiles, 2, 10_000)
  const path = resolve(folder)
  const files = new Map(
    doneStates.map((state): [DoneState, LogFile] => [state, new LogFile(path, `${state}.ndjson`, maxBytes, maxFiles)]),
  )
  let last: Promise<unknown> = Promise.resolve()
  const sink: PurgeSink = (...page) => {
    // Two purges at once would turn the same files over.
    const writing = last.catch(() => {}).then(() => write(files, page, Math.min(maxPiece, maxBytes)))
    last = writing
    return writing
  }
  return Object.assign(sink as (...page: Parameters<PurgeSink>) => Promise<void>, {
    check: () =>
      checkFolder(
        path,
        [...files.values()].map((file) => file.path),
      ),
  })
}

async function write(
  files: ReadonlyMap<DoneState, LogFile>,
  [tasks, jobs, partsOf]: Parameters<PurgeSink>,
  pieceLength: number,
): Promise<void> {
  for (const [state, file] of files) {
    const [ownTasks, ownJobs] = [
      tasks.filter((each) => each.state === state),
      jobs.filter((each) => each.state === state),
    ]
    if (ownTasks.length + ownJobs.length > 0)
      await file.append(piecesOf(linesOf(ownTasks, ownJobs, partsOf), pieceLength))
  }
}

async function* piecesOf(lines: AsyncIterable<object>, length: number): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const line of lines) {
    piece += `${JSON.stringify(line)}\n`
    if (piece.length < length) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** A job stands before its parts, which lie beside it whatever became of each. */
async function* linesOf(
  tasks: readonly TaskInfo[],
  jobs: readonly JobInfo[],
  partsOf: Parameters<PurgeSink>[2],
): AsyncGenerator<object, void, undefined> {
  for (const task of tasks) yield { kind: 'task', ...task }
  for (const job of jobs) {
    yield { kind: 'job', ...job }
    for await (const part of partsOf(job)) yield { kind: 'part', ...part }
  }
}
