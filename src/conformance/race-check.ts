/** Reads the merged log of a race and complains of everything that no correct storage can have answered. */
import type { Row } from '../storage/index.ts'
import { miscount } from './by-position.ts'
import { complaintsOfKeys } from './race-keys.ts'
import type { Entry, History } from './race-log.ts'
import { complaintsOfRow } from './race-replay.ts'

const COMPLAINTS_MAX = 20

/** What is wrong, in sentences; an empty list is what a correct storage gets. */
export function complaints(log: readonly Entry[], final: ReadonlyMap<string, Row | undefined>): string[] {
  const unknownClaims = log.flatMap((entry) =>
    entry.verb === 'claim' && !entry.answer && !entry.error ? [entry.request] : [],
  )
  const found = log.flatMap(complaintsOfCall)
  const histories = byRow(log)
  for (const [id, history] of histories) found.push(...complaintsOfRow(id, history, final.get(id), unknownClaims))
  return [...found, ...complaintsOfKeys(log, final)].slice(0, COMPLAINTS_MAX)
}

/** Every id that an insert was tried with. */
export function idsOf(log: readonly Entry[]): string[] {
  return [...byRow(log).keys()]
}

function complaintsOfCall(entry: Entry): string[] {
  const { holder, call, verb, error } = entry
  const who = `${verb} (call ${call} of ${holder})`
  if (error !== undefined) return [`${who} threw although no fault was injected: ${error}`]
  if (!entry.answer) return []
  if (entry.verb !== 'claim') {
    const wrong = miscount(entry.verb, entry.verb === 'apply' ? entry.changes : entry.rows, entry.answer)
    return wrong === undefined ? [] : [`call ${call} of ${holder}: ${wrong}`]
  }
  const { request, answer } = entry
  const wrong: string[] = []
  if (answer.length > request.limit)
    wrong.push(`${who} handed out ${answer.length} rows where the limit is ${request.limit}`)
  if (new Set(answer.map((row) => row.id)).size < answer.length) wrong.push(`${who} handed out one row twice`)
  for (const { name, limit } of request.wants) {
    const count = answer.filter((row) => row.name === name).length
    if (count > limit) wrong.push(`${who} handed out ${count} rows of a name whose limit is ${limit}`)
  }
  if (answer.some((row) => request.wants.every((want) => want.name !== row.name)))
    wrong.push(`${who} handed out a row of a name that it did not ask for`)
  return wrong
}

function byRow(log: readonly Entry[]): Map<string, History> {
  const histories = new Map<string, History>()
  const of = (id: string): History => {
    const known = histories.get(id) ?? { inserts: [], claims: [], applies: [], extends: [] }
    histories.set(id, known)
    return known
  }
  for (const entry of log) {
    if (entry.error !== undefined) continue
    if (entry.verb === 'insert') {
      for (const [index, row] of entry.rows.entries()) {
        const answer = entry.answer?.[index]
        if (answer === undefined || answer === 'inserted')
          of(row.id).inserts.push({ entry, row, known: answer !== undefined })
        else of(row.id)
      }
    } else if (entry.verb === 'claim') {
      for (const row of entry.answer ?? []) of(row.id).claims.push({ entry, request: entry.request, row })
    } else if (entry.verb === 'apply') {
      for (const [index, change] of entry.changes.entries())
        of(change.row.id).applies.push({ entry, change, answer: entry.answer?.[index] })
    } else {
      for (const [index, row] of entry.rows.entries())
        of(row.id).extends.push({ entry, row, until: entry.until, answer: entry.answer?.[index] })
    }
  }
  return histories
}
