/** The few moves that the cases are made of; here, and only here, an adapter that lags is waited for. */
import { strict as assert } from 'node:assert'
import type { ApplyResult, Change, ClaimRequest, FindBy, Row, Storage } from '../storage/index.ts'
import { LEASE, NAME, NOW } from './rows.ts'
import { delay } from './waiting.ts'

const POLLS_MAX = 50
const PAGES_MAX = 2_000

function chunks<T>(things: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(things.length / size) }, (_, index) =>
    things.slice(index * size, (index + 1) * size),
  )
}

/** Stores rows that must all be new, whatever their number. */
export async function put(storage: Storage, ...rows: readonly Row[]): Promise<void> {
  for (const batch of chunks(rows, storage.traits.batchMax)) {
    const answers = await storage.insert(batch)
    assert.deepEqual(
      answers,
      batch.map(() => 'inserted'),
      `insert did not answer 'inserted' for each of ${batch.length} new rows, but ${JSON.stringify(answers)}`,
    )
  }
}

/** What is stored under one id. */
export async function at(storage: Storage, id: string): Promise<Row | undefined> {
  return (await storage.get([id]))[0]
}

/** Applies one change and gives its answer. */
export async function settle(storage: Storage, change: Change): Promise<ApplyResult> {
  return (await storage.apply([change]))[0]!
}

/** A claim of one name, unless it is told otherwise. */
export function request(storage: Storage, fields: Partial<ClaimRequest> = {}): ClaimRequest {
  const limit = Math.min(10, storage.traits.batchMax)
  return {
    wants: [{ name: NAME, limit }],
    limit,
    holder: 'w#1',
    now: NOW,
    until: (fields.now ?? NOW) + LEASE,
    ...fields,
  }
}

/** One claim, as it comes. */
export async function claim(storage: Storage, fields: Partial<ClaimRequest> = {}): Promise<Row[]> {
  return storage.claim(request(storage, fields))
}

/**
 * Claims until `expected` rows came. A storage of exact order gets one claim and no second chance; one whose index lags
 * is asked again, a bounded number of times, with what is left of the limits.
 */
export async function claimAll(storage: Storage, expected: number, fields: Partial<ClaimRequest> = {}): Promise<Row[]> {
  const asked = request(storage, fields)
  const rows: Row[] = []
  const polls = storage.traits.order === 'close' ? POLLS_MAX : 1
  for (let poll = 0; poll < polls && rows.length < expected; poll++) {
    if (poll > 0) await delay(1 + storage.traits.lagMs / 25)
    const holder = poll === 0 ? asked.holder : `${asked.holder}~${poll}`
    const left = ({ name, limit }: { name: string; limit: number }) => ({
      name,
      limit: limit - rows.filter((each) => each.name === name).length,
    })
    const wants = asked.wants.map(left).filter((want) => want.limit > 0)
    const got = await storage.claim({ ...asked, wants, limit: asked.limit - rows.length, holder })
    for (const each of got) assert.equal(each.holder, holder, `claim handed out ${each.id} under another holder's name`)
    rows.push(...got)
  }
  assert.equal(rows.length, expected, `claim handed out ${rows.length} rows where ${expected} were due and wanted`)
  return rows
}

/** Claims one row that must be due. */
export async function claimOne(storage: Storage, fields: Partial<ClaimRequest> = {}): Promise<Row> {
  const [only] = await claimAll(storage, 1, { limit: 1, ...fields })
  return only!
}

/** All rows of a question, page by page; an adapter that never ends is stopped. */
export async function pages(
  storage: Storage,
  by: Exclude<Extract<FindBy, { parent: string } | { names: readonly string[] }>, { claimedBy: string }>,
  limit: number,
): Promise<Row[]> {
  const rows: Row[] = []
  let after: string | null | undefined = by.after
  for (let page = 0; page < PAGES_MAX; page++) {
    const found = await storage.find(after === undefined ? by : { ...by, after }, limit)
    assert.ok(found.rows.length <= limit, `find gave ${found.rows.length} rows where at most ${limit} were asked for`)
    rows.push(...found.rows)
    if (found.after === null) return rows
    after = found.after
  }
  assert.fail(`find did not come to an end within ${PAGES_MAX} pages: 'after' does not move on`)
}

/** Checks at once, or, where the storage declares `lagMs`, until the lag is over. */
export async function eventually(storage: Storage, check: () => Promise<void>): Promise<void> {
  const { lagMs } = storage.traits
  for (let poll = 0; lagMs > 0 && poll < POLLS_MAX; poll++) {
    try {
      return await check()
    } catch {
      await delay(Math.ceil((2 * lagMs) / POLLS_MAX))
    }
  }
  await check()
}
