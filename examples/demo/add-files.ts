/** Adds one task for each file of a folder. The id comes from the path, so adding a file again changes nothing. */
import { createHash } from 'node:crypto'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewTask, Piecework } from 'piecework'
import type { countFile } from './count-file.ts'

const batchSize = 1_000

/** How many files there are, and how many of them an earlier run has finished. */
export async function addFiles(
  work: Piecework,
  definition: typeof countFile,
  folder: string,
): Promise<{ total: number; before: number }> {
  let total = 0
  let batch: NewTask<{ path: string }>[] = []
  const flush = async () => {
    await work.add(batch)
    total += batch.length
    batch = []
  }
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    batch.push(definition.with({ path }, { id: createHash('sha256').update(path).digest('hex').slice(0, 32) }))
    if (batch.length === batchSize) await flush()
  }
  await flush()
  const { completed = 0, failed = 0 } = (await work.status()).tasks[definition.name] ?? {}
  return { total, before: completed + failed }
}
