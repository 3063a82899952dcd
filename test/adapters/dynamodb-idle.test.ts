/** Connections that lie idle when one of them does not answer. */
import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import type { Driver } from '../../adapters/dynamodb/client.ts'
import { closeIdle } from '../../adapters/dynamodb/idle.ts'

function setUp() {
  const closed: string[] = []
  const socket = (name: string) => ({ destroy: () => closed.push(name) })
  const agent = { sockets: { a: [socket('in use')] }, freeSockets: { a: [socket('one')], b: [socket('two')] } }
  const config = {
    requestHandler: { httpHandlerConfigs: () => ({ httpAgent: agent, httpsAgent: new Agent(), requestTimeout: 5 }) },
  }
  return { closed, driver: { client: { config } } as unknown as Driver }
}

test('DB-07 no answer: those that lie idle are closed, and those in use left alone', () => {
  const { closed, driver } = setUp()
  closeIdle(driver, new DOMException('late', 'TimeoutError'))
  expect(closed).toEqual(['one', 'two'])
})

test('a server that answers that it cannot was reached: none is closed', () => {
  const { closed, driver } = setUp()
  closeIdle(driver, Object.assign(new Error('busy'), { $metadata: { httpStatusCode: 503 } }))
  expect(closed).toEqual([])
})

test.each([undefined, {}, { requestHandler: {} }, { requestHandler: { httpHandlerConfigs: () => ({}) } }])(
  'a client with a handler of its own (%j) is left as it is',
  (config) => {
    expect(() => closeIdle({ client: { config } } as unknown as Driver, new Error('read ECONNRESET'))).not.toThrow()
  },
)
