/** Cancelling: a waiting task never runs, a running one has its signal aborted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

const upload = task('upload', {
  run: async ({ signal, id }) => {
    console.log(`${id} began`)
    await sleep(60_000, undefined, { signal })
  },
})

await using work = piecework({ storage: memory(), definitions: [upload] })
await work.start()
const later = await work.add(upload, undefined, { id: 'later', delay: '1h' })
const begun = new Promise<void>((resolve) => work.once('started', () => resolve()))
const now = await work.add(upload, undefined, { id: 'now' })
await begun
console.log('cancel the waiting one:', await work.cancel(later.id))
console.log('cancel the running one:', await work.cancel(now.id))
console.log('cancel it again:', await work.cancel(now.id))
for (const { id } of [later, now]) console.log(id, (await work.get(id))?.state)
