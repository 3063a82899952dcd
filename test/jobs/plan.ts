/** What the jobs of a test's world are, and what each of their attempts does: all of it is written down beforehand. */

/** What one attempt does. `fails` throws an error that fails the job, `crash` takes its process with it. */
export type Step = 'good' | 'bad' | 'fatal' | 'fails' | 'snooze' | 'crash'

export interface PartPlan {
  /** Attempt by attempt; what comes after is good. */
  readonly course: readonly Step[]
  readonly tookMs: number
}

/** Who maps and who reduces: parts are run inside, or brought by messages (`carried`), and so is the reduce (`announced`). */
export type Kind = 'inside' | 'carried' | 'announced'

export interface JobPlan {
  readonly kind: Kind
  readonly threshold: 0 | 1 | 0.5
  readonly workers: number | undefined
  readonly parts: readonly PartPlan[]
  readonly reduce: readonly Step[]
  /** Parts come one by one, so many milliseconds apart; `null`: all at once, in an array. */
  readonly gapMs: number | null
  /** The first call's iterable breaks before this part. */
  readonly breaksAt: number | null
  /** So many announcements of parts cannot be sent at first. */
  readonly unsent: number
}

export type Plans = Readonly<Record<string, JobPlan>>

/** A job of which nothing is special but what is said. */
export function planOf(plan: Partial<JobPlan> & { readonly size?: number }): JobPlan {
  const { size = 3, ...rest } = plan
  return {
    kind: 'inside',
    threshold: 0,
    workers: undefined,
    parts: Array.from({ length: size }, () => ({ course: [], tookMs: 0 })),
    reduce: [],
    gapMs: null,
    breaksAt: null,
    unsent: 0,
    ...rest,
  }
}
