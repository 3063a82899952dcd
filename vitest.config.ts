import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { scratchFolder } from './test/servers/scratch.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run check` has the compiler look at everything; here it answers for the type tests alone.
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], ignoreSourceErrors: true },
    // The tests start hundreds of processes from the same sources: each is compiled once, which halves their starts.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache/compile'), TMPDIR: scratchFolder() },
    pool: 'forks',
    maxWorkers: 2,
    // As many as there are in one file that wait at the same time.
    maxConcurrency: 6,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A poll ends as soon as it is answered; the bound is for a machine that does much else.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './test/house/closing-line.ts'],
  },
})
