import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { statesFile, statesPage } from './states.ts'

test('docs/states.md says what the machines do (npm run docs:states writes it)', () => {
  expect(readFileSync(statesFile, 'utf8')).toBe(statesPage())
})
