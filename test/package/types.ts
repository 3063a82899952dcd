/** Type-checks a small app against the published declarations, with every declaration file checked too. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pack.ts'
import { run } from './shell.ts'

export const resolutions = ['nodenext', 'bundler'] as const
export type Resolution = (typeof resolutions)[number]

/** An app that uses the front door as the README does and takes every other subpath whole. */
function consumer(subpaths: readonly string[]): string {
  return [
    '// A sample app.',
    ...subpaths.map((subpath, index) => `import * as face${index} from '${subpath}'`),
    `import { piecework, task } from 'piecework'`,
    `import { cleanup } from 'piecework/cleanup'`,
    `import { bearerToken, httpHandler } from 'piecework/http'`,
    `import { memory } from 'piecework/memory'`,
    '',
    `const hello = task('hello', { run: () => 'hi' })`,
    `const cleaning = cleanup({ every: '1h', olderThan: '7d' })`,
    'const work = piecework({ storage: memory(), definitions: [hello, cleaning] })',
    `await work.schedule(hello, { cron: '0 9 * * 1-5', timeZone: 'Europe/Athens', overlap: 'skip' })`,
    'await work.schedule(cleaning, cleaning.schedule)',
    `export const answer: (request: Request) => Promise<Response> = httpHandler(work, { authorize: bearerToken('x') })`,
    'await work.drain()',
    'await work.stop()',
    `export const faces: object[] = [${subpaths.map((_, index) => `face${index}`).join(', ')}]`,
    '',
  ].join('\n')
}

/** Resolves if it compiles; the error holds the compiler's words otherwise. */
export async function typeCheck(app: string, resolution: Resolution, subpaths: readonly string[]): Promise<void> {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023'],
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  }
  const project = `tsconfig.${resolution}.json`
  writeFileSync(join(app, 'consumer.ts'), consumer(subpaths))
  writeFileSync(join(app, project), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  const tsc = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js')
  await run(process.execPath, [tsc, '--project', project, '--pretty', 'false'], app)
}
