import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Lock, lockFile, missingFrom } from './complete-lock.ts'

test('the lock names the binaries of every platform, so that `npm ci` takes it anywhere (npm run lock completes it)', () => {
  expect([...missingFrom(JSON.parse(readFileSync(lockFile, 'utf8')) as Lock).keys()]).toEqual([])
})

test('a binary that the lock lacks is found, with the machines that it is for', () => {
  const optionalDependencies = { '@x/linux-arm64-musl': '1.2.3', '@x/darwin-x64': '1.2.3', '@x/any': '1.2.3' }
  const lock: Lock = { packages: { 'node_modules/x': { dev: true, optionalDependencies }, 'node_modules/@x/any': {} } }
  expect(Object.fromEntries(missingFrom(lock))).toEqual({
    'node_modules/@x/linux-arm64-musl': {
      version: '1.2.3',
      dev: true,
      optional: true,
      os: ['linux'],
      cpu: ['arm64'],
      libc: ['musl'],
    },
    'node_modules/@x/darwin-x64': { version: '1.2.3', dev: true, optional: true, os: ['darwin'], cpu: ['x64'] },
  })
})
