/** Whether what was measured again and again stayed as it was. */
import type { Look, Measured } from './look.ts'

/** What a run tells at its end. */
export interface Endurance {
  readonly seed: number
  /** At full work, at regular steps. */
  readonly busy: readonly Look[]
  /** When all had ended: once warm, and at the end. */
  readonly rests: readonly [Look, Look]
  /** Before the instance was made, and when it was closed. */
  readonly outside: readonly [Look, Look]
  /** Of each kind, how many were told. */
  readonly events: Readonly<Record<string, number>>
  /** What the process warned of: too many listeners, for one. */
  readonly warnings: readonly string[]
  /** What the acts found wrong. */
  readonly wrong: readonly string[]
}

/** The first fifth is warm-up: code is compiled, caches and pools are filled. */
export const warmUp = 0.2

/**
 * How much more there may be of each, whatever the number of tasks. `busy`: in the median of the last third of the looks
 * than in that of the first; `rest`: at rest at the end than at rest once warm.
 */
export const margins: Readonly<Partial<Record<Measured, { readonly busy?: number; readonly rest?: number }>>> = {
  heap: { busy: 1.5, rest: 1 },
  external: { busy: 1.5, rest: 1 },
  rss: { busy: 48 },
  timers: { busy: 8, rest: 2 },
  handles: { busy: 8, rest: 4 },
  // A thread has ten and a socket twelve of them.
  emitters: { busy: 30, rest: 15 },
  targets: { busy: 30, rest: 15 },
  process: { busy: 0, rest: 0 },
}

/** How much the median of the last third is over that of the first. */
export function growth(values: readonly number[]): number {
  const third = Math.ceil(values.length / 3)
  return median(values.slice(-third)) - median(values.slice(0, third))
}

/** What grew beyond its margin, in words; nothing, if all stayed as it was. */
export function grown({ busy, rests, outside }: Pick<Endurance, 'busy' | 'rests' | 'outside'>): string[] {
  const warm = busy.slice(Math.floor(busy.length * warmUp))
  const found: string[] = []
  const tell = (what: string, by: number, margin: number | undefined): void => {
    // Asked this way round, NaN is found.
    if (margin !== undefined && !(by <= margin)) found.push(`${what} grew by ${by.toFixed(2)}, more than ${margin}`)
  }
  for (const [name, margin] of Object.entries(margins) as [Measured, { busy?: number; rest?: number }][]) {
    tell(`${name} at work`, growth(warm.map((each) => each[name])), margin.busy)
    tell(`${name} at rest`, rests[1][name] - rests[0][name], margin.rest)
  }
  for (const name of ['timers', 'handles', 'process'] as const) {
    tell(`${name} past the close`, outside[1][name] - outside[0][name], 0)
  }
  return found
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2
}
