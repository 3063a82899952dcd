/** What went wrong over Party's HTTP interface, on the same ground here. */
import { expect, test } from 'vitest'
import { httpHandler } from '../../../src/http/index.ts'
import { byHandler, definitions, workOf, yes } from '../../http/kit.ts'

test('B37 a task that is run over HTTP keeps nobody else from being answered, and runs nowhere beside', async () => {
  const { all, wait, note, open } = definitions()
  const work = workOf(all)
  const handler = httpHandler(work, yes)
  const ask = byHandler(handler)
  const { id } = await work.add(wait)
  let isAnswered = false
  const running = ask('POST', `/task/${id}`).then((answer) => {
    isAnswered = true
    return answer
  })
  await expect.poll(async () => (await work.get(id))?.state).toBe('running')
  expect(await ask('POST', '/tasks', { json: { tasks: [{ party: note.name }] } })).toMatchObject({ status: 201 })
  expect(await ask('GET', '/status')).toMatchObject({ status: 200 })
  expect(await ask('POST', `/task/${id}`)).toMatchObject({ status: 409, body: { error: { code: 'running' } } })
  expect([isAnswered, (await work.get(id))?.attempts]).toEqual([false, 1])
  open()
  expect(await running).toMatchObject({ status: 200, body: { id, state: 'completed', attempts: 1 } })
  handler.close()
  await work.close()
})

test('B38 the status keeps its types whatever there is, and has texts in place of lists for Party alone', async () => {
  const { all, note } = definitions()
  const work = workOf(all)
  const handler = httpHandler(work, yes)
  const types = async (path: string) => {
    const { body } = await byHandler(handler)('GET', path)
    const told = Object.entries(body as object)
    return Object.fromEntries(told.map(([key, value]) => [key, Array.isArray(value) ? 'array' : typeof value]))
  }
  const before = await types('/status')
  expect(before).toEqual({
    tasks: 'object',
    jobs: 'object',
    parts: 'object',
    capped: 'boolean',
    paused: 'array',
    worker: 'object',
  })
  expect(await types('/status?format=party')).toMatchObject({ completed: 'string', pending: 'array' })
  await work.add(note, 1)
  await work.drain()
  await work.pause(note)
  expect(await types('/status')).toEqual(before)
  handler.close()
  await work.close()
})
