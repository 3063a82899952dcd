/** A task that exists if, and only if, the app's own write does: both in one SQLite transaction. */
import { DatabaseSync } from 'node:sqlite'
import { piecework, task } from 'piecework'
import { sqlite } from 'piecework/sqlite'

const db = new DatabaseSync(':memory:')
db.exec('create table customer (name text)')

const welcome = task('welcome', {
  run: async ({ input }: { input: { name: string } }) => console.log(`welcome, ${input.name}`),
})
const storage = sqlite(db)
await using work = piecework({ storage, definitions: [welcome] })

/** Signs a customer up: the row and the task together, or neither. */
async function signUp(name: string, paymentWorks: boolean): Promise<void> {
  db.exec('begin immediate')
  try {
    db.prepare('insert into customer values (?)').run(name)
    await work.add(welcome, { name }, { through: storage.within(db) })
    if (!paymentWorks) throw new Error(`${name} could not pay`)
    db.exec('commit')
  } catch (error) {
    db.exec('rollback')
    console.log(error instanceof Error ? error.message : error)
  }
}

await signUp('ada', true)
await signUp('charles', false)
await work.drain()
console.log('customers:', db.prepare('select name from customer').all().length, 'status:', (await work.status()).tasks)
db.close()
