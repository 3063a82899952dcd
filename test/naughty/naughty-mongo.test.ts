/** The naughty lists on MongoDB. */
import { mongoPlace, openAt } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { verdicts } from './verdicts.ts'

await withServer('mongo', (server) => {
  const address = mongoPlace(server.url).fresh()
  verdicts(() => openAt(address))
})
