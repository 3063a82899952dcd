/** What the handlers of a job are given. */
import { indexOfPart } from '../../core/part.ts'
import { type Attempt, AttemptContext } from '../attempt.ts'
import type { TaskContext } from '../context.ts'
import type { JobView, PartResult } from './view.ts'

/** What `map` is given: all that a task's handler is, with the part in place of the input. */
export interface PartContext<Part = unknown, Metadata = unknown> extends Omit<TaskContext, 'input'> {
  readonly part: Part
  /** Which part this is, from 0. */
  readonly index: number
  readonly jobId: string
  /** What `run` was given as metadata; the handler's own copy. */
  readonly metadata: Metadata
}

/** What `reduce` is given. */
export interface ReduceContext<Result = unknown, Metadata = unknown> extends Omit<TaskContext, 'input'> {
  readonly jobId: string
  readonly metadata: Metadata
  /** How many parts the job has. */
  readonly total: number
  /** The results of the completed parts, in the order of the parts, read as they are asked for. */
  readonly results: AsyncIterable<Result>
  /** The same with the index of each: some may be missing where `threshold` lets parts fail. */
  readonly parts: AsyncIterable<PartResult<Result>>
}

export class PartAttemptContext extends AttemptContext implements PartContext {
  readonly #job: JobView

  constructor(attempt: Attempt, job: JobView, input: { readonly value: unknown } | undefined) {
    super(attempt, input)
    this.#job = job
  }

  get part(): unknown {
    return this.input
  }
  get index(): number {
    return indexOfPart(this.id) ?? 0
  }
  get jobId(): string {
    return this.#job.id
  }
  get metadata(): unknown {
    return this.#job.metadata
  }
}

export class ReduceAttemptContext extends AttemptContext implements ReduceContext {
  readonly #job: JobView

  constructor(attempt: Attempt, job: JobView) {
    super(attempt)
    this.#job = job
  }

  get jobId(): string {
    return this.#job.id
  }
  get metadata(): unknown {
    return this.#job.metadata
  }
  get total(): number {
    return this.#job.total
  }
  get results(): AsyncIterable<unknown> {
    return this.#job.results()
  }
  get parts(): AsyncIterable<PartResult> {
    return this.#job.parts()
  }
}
