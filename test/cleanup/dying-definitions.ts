/** What is cleaned up while its process is killed. */
import { FatalError, job, task } from '../../src/index.ts'

export const definitions = [
  task('echo', { run: ({ input }) => input }),
  task('nice', { run: () => Promise.reject(new FatalError('no')) }),
  job('index', { map: ({ part }: { part: number }) => part * 2, reduce: ({ total }) => total }),
] as const
