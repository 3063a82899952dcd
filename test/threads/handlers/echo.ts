/** Tells all that it is given, through all that it can tell. */
import { isMainThread, threadId } from 'node:worker_threads'
import type { TaskContext } from '../../../src/index.ts'

export default async ({
  id,
  name,
  input,
  attempt,
  fence,
  runAt,
  lastRunAt,
  log,
  emit,
  request,
  progress,
}: TaskContext<{ n: number }>) => {
  log('begun')
  log.error('one mistake')
  progress({ at: 1 })
  for (let item = 0; item < 3; item++) await emit({ item })
  void emit({ item: 'not waited for' })
  await request({ url: 'x' })
  progress({ at: 2 })
  return { id, name, input, attempt, fence, runAt, lastRunAt, isMainThread, threadId }
}
