import { defineConfig } from 'tsup'

const faces = {
  index: 'src/index.ts',
  core: 'src/core/index.ts',
  storage: 'src/storage/index.ts',
  memory: 'adapters/memory/index.ts',
  sqlite: 'adapters/sqlite/index.ts',
  postgres: 'adapters/postgres/index.ts',
  dynamodb: 'adapters/dynamodb/index.ts',
  mongo: 'adapters/mongo/index.ts',
  http: 'src/http/index.ts',
  conformance: 'src/conformance/index.ts',
  testing: 'src/testing/index.ts',
  cleanup: 'src/cleanup/index.ts',
}

// One entry for each subpath of package.json, the program, and what runs in threads: that is loaded by its file's name. Shared code goes into chunks, so that an error class is
// one class and the program loads the adapter that it is told to.
export default defineConfig({
  entry: { ...faces, cli: 'src/cli/main.ts', thread: 'src/runner/threads/thread.ts' },
  format: 'esm',
  target: 'node20.19',
  platform: 'node',
  splitting: true,
  clean: !process.env.PIECEWORK_NO_DTS,
  // Bundlers of the app see `node:sqlite` as it is written; esbuild would cut the prefix that this module needs.
  removeNodeProtocol: false,
  // typed-emitter's default export is a type in one module resolution and a namespace in another: our .d.ts holds a copy.
  dts: process.env.PIECEWORK_NO_DTS ? false : { entry: faces, resolve: ['typed-emitter'] },
})
