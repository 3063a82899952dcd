/** Claims due rows: the index proposes, a conditional write on each row decides. */
import { type ClaimRequest, type Row, StorageError } from '../../src/storage/index.ts'
import { type Item, number, numberIn, text, textIn, update } from './attributes.ts'
import { type Candidate, candidates, inOrder } from './candidates.ts'
import { below } from './chance.ts'
import type { Contention } from './contention.ts'
import { type Database, sureOf } from './database.ts'
import { dueTurn, readTurn } from './layout.ts'
import type { Plan } from './plan.ts'
import { completed } from './read.ts'
import { sideBySide } from './requests.ts'

/** How often a claim goes for other candidates in place of those that it lost. */
const ROUNDS_MAX = 4

/** How much further a claim looks once it has lost many candidates. */
const SPREAD = 8

export async function claim(db: Database, plan: Plan, contention: Contention, request: ClaimRequest): Promise<Row[]> {
  const left = new Map(request.wants.map(({ name, limit }) => [name, limit]))
  if (left.size === 0) return []
  const isSpread = contention.isHigh()
  const reach = isSpread ? SPREAD : 1
  const wanted = (name: string) => Math.min(left.get(name) ?? 0, request.limit) * reach
  let rest = await candidates(db, plan.shards, [...left.keys()], request.now, wanted)
  if (isSpread) rest = turned(rest)
  const won: { readonly candidate: Candidate; readonly item: Item }[] = []
  let tried = 0
  let refusal: StorageError | undefined
  const attempt = (candidate: Candidate) =>
    take(db, candidate, request).catch((error: unknown) => {
      // Throttled to the end: nothing was done with this row, and others may have been claimed.
      if (!(error instanceof StorageError) || error.code !== 'busy') throw error
      refusal = error
      return undefined
    })
  for (let round = 0; round < ROUNDS_MAX && refusal === undefined; round++) {
    const picked = pick(rest, left, request.limit - won.length)
    if (picked.length === 0) break
    const taken = new Set(picked)
    rest = rest.filter((candidate) => !taken.has(candidate))
    const before = won.length
    const items = await sideBySide(picked, attempt)
    for (const [at, item] of items.entries()) {
      const candidate = picked[at] as Candidate
      if (item === undefined) left.set(candidate.name, (left.get(candidate.name) ?? 0) + 1)
      else won.push({ candidate, item })
    }
    tried += picked.length
    // Others are at the same rows: what is left is gone for from another end.
    if (won.length - before < picked.length / 2) rest = turned(rest)
  }
  if (refusal !== undefined && won.length === 0) throw refusal
  contention.learn(tried, won.length)
  won.sort((one, other) => inOrder(one.candidate, other.candidate))
  // A row without its input was removed the moment after it was claimed.
  const rows = await completed(
    db,
    won.map(({ item }) => item),
  )
  return rows.filter((row) => row !== undefined)
}

/** The next candidates that the limits leave room for; takes that room. */
function pick(from: readonly Candidate[], left: Map<string, number>, limit: number): Candidate[] {
  const picked: Candidate[] = []
  for (const candidate of from) {
    if (picked.length >= limit) break
    const room = left.get(candidate.name) ?? 0
    if (room === 0) continue
    left.set(candidate.name, room - 1)
    picked.push(candidate)
  }
  return picked
}

/** Begins somewhere in the most urgent lane; what is less urgent stays behind it. */
function turned(from: readonly Candidate[]): Candidate[] {
  const lane = from[0]?.turn[0]
  const urgent = from.filter(({ turn }) => turn[0] === lane)
  const at = below(Math.max(1, urgent.length))
  return [...urgent.slice(at), ...urgent.slice(0, at), ...from.filter(({ turn }) => turn[0] !== lane)]
}

/** The row as claimed, or `undefined` where another was first. */
async function take(db: Database, candidate: Candidate, request: ClaimRequest): Promise<Item | undefined> {
  const { holder, until } = request
  const { priority, tries } = readTurn(candidate.turn)
  const assignments = {
    holder: text(holder),
    wakeAt: number(until),
    turn: text(dueTurn(priority, until, tries + 1, candidate.id)),
    claimed: { BOOL: true },
  }
  const outcome = await db.update(candidate.key, {
    ...update(assignments, '#turn = :listed', { ':listed': text(candidate.turn), ':one': number(1) }, [
      '#rev = #rev + :one',
      '#tries = #tries + :one',
    ]),
    ReturnValues: 'ALL_NEW',
  })
  if (outcome.done) return outcome.item
  const { found } = outcome
  // Holders are unique for each call: this is our own claim, whose answer was lost.
  const isOurs = found !== undefined && textIn(found, 'holder') === holder && numberIn(found, 'wakeAt') === until
  if (isOurs) return found
  sureOf(outcome, candidate.id)
  return undefined
}
