/**
 * Rows of a table of the app's own as the queue: pages of a shop, each fetched for its price, in a SQLite file.
 *
 * Run `npm run demo:prices`, kill it with `kill -9` half-way, and run it again: it goes on with the pages that have no
 * price yet. The table stays, as the app's own tables do; once all is done, another run shows it again.
 */
import { resolve } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { piecework } from 'piecework'
import { scrapePrices } from './scrape.ts'
import { printReport, showEvents } from './screen.ts'
import { openShop } from './shop.ts'
import { openDatabase } from './table.ts'

const database = resolve(process.env.PRICES_DATABASE ?? 'piecework-prices.db')
console.log(`Database ${database}\nProcess  ${process.pid}  (try: kill -9 ${process.pid})\n`)

const db = openDatabase(database)
const shop = await openShop()
const scrape = scrapePrices(db, shop.url)
// No storage: there is no table but the app's own.
const work = piecework({ definitions: [scrape], concurrency: 4, poll: '200ms' })

let isStopped = false
process.once('SIGINT', () => {
  isStopped = true
})

let report = await scrape.report()
const before = report.completed + report.failed
const held = report.reserved + report.running
if (before + held > 0) {
  const left = held > 0 ? `, and ${held} are held by a worker that may be gone` : ''
  const next = before < report.total ? '; going on.\n' : '.'
  console.log(`${before} of ${report.total} pages were done by an earlier run${left}${next}`)
}
if (before < report.total) {
  showEvents(work)
  await work.start()
  for await (const _ of setInterval(100)) {
    report = await scrape.report()
    if (isStopped || report.completed + report.failed === report.total) break
  }
}
// What has not begun goes back, what runs has a moment to end.
await work.close({ timeout: '3s' })
printReport(db, await scrape.report())
console.log(isStopped ? '\nStopped; run it again, and it goes on.' : `\nAll done. To begin anew: rm ${database}*`)
shop.close()
db.close()
