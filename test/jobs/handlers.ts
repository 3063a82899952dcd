/** The definitions that one process of a world has: their handlers do what the plans say. */
import { partId } from '../../src/core/part.ts'
import {
  type Announcement,
  FatalError,
  fixed,
  type JobDefinition,
  job,
  type PartContext,
  type ReduceContext,
  type TaskContext,
} from '../../src/index.ts'
import type { Diary, Start } from './diary.ts'
import type { Reduced } from './ledger.ts'
import type { JobPlan, Step } from './plan.ts'

export const maxAttempts = 3
export const maxCrashes = 2

class Corrupt extends Error {}
/** Classes listed in `failOn` stand for their subclasses. */
class VeryCorrupt extends Corrupt {}

interface Mapped {
  readonly index: number
  readonly fence: number
}

export interface Handlers {
  readonly definitions: readonly JobDefinition[]
  definitionOf(plan: JobPlan): JobDefinition<number, Mapped, string, Reduced | undefined>
  /** What a consumer outside does with a part. */
  map(context: PartContext<number, string>): Promise<Mapped>
}

/** `self` is the process that these run in. */
export function handlersOf(diary: Diary, self: { kill(): void; isDead(): boolean }): Handlers {
  const { clock, storage } = diary

  const attempt = async (
    context: Omit<TaskContext, 'input'>,
    jobId: string,
    course: readonly Step[],
    tookMs: number,
  ) => {
    // Nothing of a dead process goes on, be it in the middle of its memory.
    if (self.isDead()) await never()
    const { id, fence, snooze } = context
    const start: Start = { id, jobId, fence, attempt: context.attempt, isDead: self.isDead, ended: false }
    const step = diary.begin(start, course)
    try {
      if (tookMs > 0) await new Promise<void>((resolve) => void clock.after(tookMs, resolve))
      if (step === 'crash') self.kill()
      if (self.isDead()) await never()
      if (step === 'snooze') snooze('1s')
      if (step === 'bad') throw new Error('bad')
      if (step === 'fatal') throw new FatalError('fatal')
      if (step === 'fails') throw new VeryCorrupt('fails')
    } finally {
      start.ended = true
    }
  }

  const map = async (context: PartContext<number, string>): Promise<Mapped> => {
    const { id, part, index, jobId, metadata, fence } = context
    if (id !== partId(jobId, index) || part !== index || metadata !== jobId) {
      storage.broken.push(`P-PARTS ${id} was given ${JSON.stringify({ part, index, jobId, metadata })}`)
    }
    const { course, tookMs } = diary.planOf(jobId).parts[index]!
    await attempt(context, jobId, course, tookMs)
    return { index, fence }
  }

  const reduce = async (context: ReduceContext<Mapped, string>): Promise<Reduced> => {
    const { jobId, fence, total, parts, results } = context
    const plan = diary.planOf(jobId)
    const seen: [number, Mapped][] = []
    for await (const { index, result } of parts) seen.push([index, result])
    const values: Mapped[] = []
    for await (const result of results) values.push(result)
    const isSame = JSON.stringify(values) === JSON.stringify(seen.map(([, result]) => result))
    if (total !== plan.parts.length || (!isSame && storage.get([jobId])[0]?.rev === fence)) {
      storage.broken.push(`P-PARTS the reduce of ${jobId} was told ${total} parts, and ${values.length} results`)
    }
    await attempt(context, jobId, plan.reduce, 0)
    return { fence, seen }
  }

  const announce = async ({ subject, jobId, ...message }: Announcement<number, string>) => {
    if (self.isDead()) await never()
    if (subject === 'reduce') {
      diary.reduceAnnounced(jobId)
      const told = diary.reduceMessages.get(jobId)! - 1
      if (!diary.mended && ['bad', 'fails'].includes(diary.planOf(jobId).reduce[told] ?? ''))
        throw new Error('no topic')
      return
    }
    const index = 'partId' in message ? message.partId : -1
    const unsent = diary.met[`unsent ${jobId}`] ?? 0
    if (unsent < diary.planOf(jobId).unsent) {
      diary.meet(`unsent ${jobId}`)
      throw new Error('no topic')
    }
    diary.messages.push({ jobId, index, state: 'ready' })
  }

  const rules = { failOn: [Corrupt], maxCrashes, retry: fixed({ maxAttempts, delay: '500ms' }) }
  const definitions = new Map<string, JobDefinition>()
  for (const threshold of [0, 1, 0.5]) {
    const both = { ...rules, threshold }
    const carried = job<number, Mapped, string, Reduced>(`carried-${threshold}`, { ...both, announce, reduce })
    definitions.set(`inside ${threshold}`, job(`inside-${threshold}`, { ...both, map, reduce }) as JobDefinition)
    definitions.set(`carried ${threshold}`, carried as JobDefinition)
    definitions.set(`announced ${threshold}`, job(`announced-${threshold}`, { ...both, announce }) as JobDefinition)
  }
  return {
    definitions: [...definitions.values()],
    definitionOf: ({ kind, threshold }) =>
      definitions.get(`${kind} ${threshold}`) as JobDefinition<number, Mapped, string, Reduced | undefined>,
    map,
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}
