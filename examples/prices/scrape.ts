/** The work on one row: its page is fetched, and its price written into a column of the app's own. */
import type { DatabaseSync } from 'node:sqlite'
import { FatalError, rowDispatcher } from 'piecework'
import { pagesOf } from './table.ts'

/** `shop` is where the pages are to be had: the one of the example is on this machine. */
export function scrapePrices(db: DatabaseSync, shop: string) {
  // The reservation id is the fence: of a row that is somebody else's by now, nothing is written.
  const write = db.prepare('update webpage set price = ? where id = ? and scrape_reservation_id = ?')
  return rowDispatcher('scrape', {
    source: pagesOf(db),
    queueSize: 5,
    // Short limits, so that a killed run is noticed within seconds. The seed has 15 minutes for both.
    startWithin: '3s',
    maxDuration: '1500ms',
    maxTries: 3,
    retryDelay: '300ms',
    run: async ({ row, id, reservationId, signal }) => {
      const response = await fetch(new URL(new URL(row.url).pathname, shop), { signal })
      const status = `${response.status} ${response.statusText}`
      if (response.status === 404) throw new FatalError(status)
      if (!response.ok) throw new Error(status)
      const price = Number(/class="price">([\d.]+)/.exec(await response.text())?.[1])
      if (Number.isNaN(price)) throw new FatalError('there is no price on the page')
      write.run(price, id, reservationId)
      return price
    },
  })
}
