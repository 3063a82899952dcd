/** Runs a program as a user's own shell would: without what `npm test` and vitest put into the environment. */
import { execFile } from 'node:child_process'

export interface Ran {
  stdout: string
  stderr: string
}

// npm hands a script its own folder and vitest its mode; a nested npm would install into the wrong place.
const inherited =
  /^(?:npm_config_local_prefix|npm_(?:lifecycle|package)_.*|init_cwd|vitest.*|node_(?:env|options|path))$/i

const npmSettings = {
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
  // Without a network it is better to fail soon than to wait out npm's ten minutes.
  npm_config_fetch_retries: '1',
  npm_config_fetch_timeout: '60000',
  npm_config_loglevel: 'error',
}

export function run(program: string, args: readonly string[], cwd: string, timeoutMs = 60_000): Promise<Ran> {
  const own = Object.entries(process.env).filter(([name]) => !inherited.test(name))
  const env = { ...Object.fromEntries(own), ...npmSettings, NO_COLOR: '1' }
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr })
      const end = error.killed ? `was stopped after ${timeoutMs} ms` : `ended with ${error.code}`
      reject(new Error(`${program} ${args.join(' ')} ${end}\n${stdout}\n${stderr}`, { cause: error }))
    })
  })
}
