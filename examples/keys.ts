/** A key: at most one unfinished task for each customer, however often somebody asks for it. */
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

const invoice = task('invoice', {
  run: async ({ input }: { input: { customer: string } }) => `invoice for ${input.customer}`,
})

await using work = piecework({ storage: memory(), definitions: [invoice] })
const answers = await Promise.all(
  ['ada', 'ada', 'grace'].map((customer) => work.add(invoice, { customer }, { key: customer })),
)
for (const { id, status } of answers) console.log(status, id)
await work.drain()
// The first one is done and has let go of its key, so this is a new task.
console.log('after it is done:', (await work.add(invoice, { customer: 'ada' }, { key: 'ada' })).status)
