/**
 * What somebody writes by hand on better-sqlite3 when this is all they need: an integer id, one index, claims of 100 in
 * one transaction and their ends in another. No revisions, no retries, no memory of what happened: a floor, not a peer.
 */
import type Database from 'better-sqlite3'
import { measured, type Sample } from '../scenario.ts'
import { openDatabase, type Synchronous, settleFile } from './database.ts'

const claimedAtOnce = 100
const leaseMs = 30_000

const schema = `
  create table job (id integer primary key, name text not null, state text not null, wake_at integer, done_at integer,
    input text not null);
  create index job_due on job (name, wake_at) where wake_at is not null`

export function drain(synchronous: Synchronous) {
  return async (folder: string, count: number): Promise<Sample> => {
    const db = open(folder, synchronous)
    const insert = inserter(db)
    db.transaction(() => {
      for (let number = 0; number < count; number++) insert(number)
    })()
    settleFile(folder)
    const sample = await measured(count, () => drainLoop(db, count))
    db.close()
    return sample
  }
}

async function drainLoop(db: Database.Database, count: number): Promise<void> {
  const select = db.prepare<[string, number, number], { id: number; input: string }>(
    'select id, input from job where name = ? and wake_at <= ? order by wake_at limit ?',
  )
  const take = db.prepare<[number, number]>(`update job set state = 'running', wake_at = ? where id = ?`)
  const end = db.prepare<[number, number]>(`update job set state = 'done', wake_at = null, done_at = ? where id = ?`)
  const claim = db.transaction((now: number) => {
    const jobs = select.all('noop', now, claimedAtOnce)
    for (const { id } of jobs) take.run(now + leaseMs, id)
    return jobs
  })
  const settle = db.transaction((jobs: readonly { id: number }[], now: number) => {
    for (const { id } of jobs) end.run(now, id)
  })
  const handler = async (_input: unknown) => {}
  let done = 0
  for (let jobs = claim.immediate(Date.now()); jobs.length > 0; jobs = claim.immediate(Date.now())) {
    for (const { input } of jobs) await handler(JSON.parse(input))
    settle.immediate(jobs, Date.now())
    done += jobs.length
  }
  if (done !== count) throw new Error(`Drained ${done} of ${count} jobs`)
}

/** `atOnce` rows in a transaction; 1: each in its own. */
export function addRows(synchronous: Synchronous, atOnce: number) {
  return async (folder: string, count: number): Promise<Sample> => {
    const db = open(folder, synchronous)
    const insert = inserter(db)
    const insertMany = db.transaction((from: number) => {
      for (let number = from; number < Math.min(from + atOnce, count); number++) insert(number)
    })
    insert(-1)
    const sample = await measured(count, () => {
      for (let number = 0; number < count; number += atOnce) {
        if (atOnce === 1) insert(number)
        else insertMany.immediate(number)
      }
    })
    db.close()
    return sample
  }
}

function inserter(db: Database.Database): (number: number) => void {
  const insert = db.prepare<[string, number, string]>(
    `insert into job (name, state, wake_at, input) values (?, 'waiting', ?, ?)`,
  )
  return (number) => void insert.run('noop', Date.now(), JSON.stringify({ number }))
}

function open(folder: string, synchronous: Synchronous): Database.Database {
  const db = openDatabase(folder, synchronous)
  db.exec(schema)
  return db
}
