/** Jobs of a thousand to a hundred thousand parts, where a part should cost the same, and about what a task costs. */
import { addFlows } from '../contenders/bullmq.ts'
import { type OpenHome, onMemory } from '../contenders/piecework.ts'
import { askStatus, runJobs, runTasks } from '../contenders/piecework-jobs.ts'
import { onPostgres } from '../contenders/piecework-postgres.ts'
import { onSqlite } from '../contenders/piecework-sqlite.ts'
import type { Contender, Group, Scenario } from '../scenario.ts'
import { inFolder } from './in-folder.ts'

const inSqlite = onSqlite('node:sqlite', 'normal')

export const jobPartsSqlite: Scenario = {
  name: 'job-parts-sqlite',
  about: 'jobs of no-op parts in an SQLite file: run, map and reduce; as many parts in all, in fewer and larger jobs',
  countOf: (tasks) => tasks * 2,
  groups: [sizes(inSqlite, 'synchronous NORMAL'), status(inSqlite)],
}

export const jobPartsMemory: Scenario = {
  name: 'job-parts-memory',
  about: 'the same in memory',
  countOf: (tasks) => tasks * 2,
  groups: [sizes(onMemory, 'memory()'), status(onMemory)],
}

export const jobPartsPostgres: Scenario = {
  name: 'job-parts-postgres',
  about: 'the same in Postgres',
  countOf: (tasks) => tasks * 2,
  server: 'postgres',
  groups: [sizes(onPostgres, 'one process'), status(onPostgres)],
}

const flushed = onSqlite('node:sqlite', 'full')

/** BullMQ stores a flow in one transaction of Redis, and hands all results to the parent at once. */
export const jobPartsRedis: Scenario = {
  name: 'job-parts-redis',
  about: 'jobs of no-op parts beside flows of no-op children, each flushed to the disk before it counts',
  countOf: (tasks) => Math.ceil(tasks / 5),
  server: 'redis',
  groups: [
    {
      title: 'one process',
      references: ['bullmq, flows of 1,000'],
      contenders: [
        { name: 'piecework on SQLite, jobs of 1,000', measure: inFolder(runJobs(flushed, 1_000)) },
        { name: 'piecework on SQLite, jobs of 10,000', measure: inFolder(runJobs(flushed, 10_000)) },
        { name: 'bullmq, flows of 1,000', measure: addFlows(1_000) },
        { name: 'bullmq, flows of 10,000', measure: addFlows(10_000) },
      ],
    },
  ],
}

function sizes(openHome: OpenHome, title: string): Group {
  const jobs = (parts: number, workers?: number): Contender => ({
    name: `jobs of ${parts.toLocaleString('en-US')}${workers === undefined ? '' : `, ${workers} workers`}`,
    measure: runJobs(openHome, parts, workers),
  })
  return {
    title,
    references: ['tasks', 'jobs of 1,000', 'jobs of 1,000, 25 workers'],
    contenders: [
      { name: 'tasks', measure: runTasks(openHome) },
      ...[1_000, 10_000, 100_000].map((parts) => jobs(parts)),
      ...[1_000, 10_000, 100_000].map((parts) => jobs(parts, 25)),
    ],
  }
}

function status(openHome: OpenHome): Group {
  const at = (share: number): Contender => ({ name: `${share * 100} % done`, measure: askStatus(openHome, share) })
  return {
    title: 'work.job(id) of one job of all the parts',
    references: [],
    contenders: [at(0), at(0.5), at(0.99), { name: 'at full speed', measure: askStatus(openHome, undefined) }],
  }
}
