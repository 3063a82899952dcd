/** What the demo shows: a line for each thing that happens to a page, and what the table says at the end. */
import type { DatabaseSync } from 'node:sqlite'
import type { Piecework, RowCounts } from 'piecework'

const startedAt = performance.now()

/** Tells what this process does, and what it finds that another one left. */
export function showEvents(work: Piecework): void {
  console.log('seconds  page  try  what happened')
  work.on('completed', ({ id, attempt, result }) => line(id, attempt, `its price is ${result}`))
  work.on('retrying', ({ id, attempt, error }) => line(id, attempt, `${error.message}: it is tried again`))
  work.on('failed', ({ id, attempt, error, reason }) => {
    line(id, attempt, `${error?.message}: ${reason === 'fatal' ? 'that is final' : 'no try is left'}`)
  })
  work.on('expired', ({ id, attempt }) => line(id, attempt, 'its worker is gone: it is free again'))
}

function line(id: string, attempt: number, what: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${seconds.padStart(7)}  ${id.padStart(4)}  ${String(attempt).padStart(3)}  ${what}`)
}

export function printReport(db: DatabaseSync, { total, completed, failed, workers }: RowCounts): void {
  console.log(`\n${total} pages: ${completed} have a price, ${failed} have failed. By worker:`)
  for (const [worker, done] of Object.entries(workers)) console.log(`${String(done.completed).padStart(4)}  ${worker}`)

  console.log('\nThe cheapest:')
  for (const { url, price } of db.prepare('select * from webpage where price > 0 order by price limit 3').all()) {
    console.log(`${String(price).padStart(8)}  ${url}`)
  }
  console.log('\nWhat failed:')
  for (const row of db.prepare('select * from webpage where not scrape_success order by scrape_error').all()) {
    console.log(`  ${row.scrape_reservation_times} tries  ${row.url}  ${row.scrape_error}`)
  }
}
