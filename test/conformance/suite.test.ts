import { expect, test } from 'vitest'
import { cases, conformance, oracle } from '../../src/conformance/index.ts'

conformance({ test, create: () => oracle() })

test('names are unique', () => {
  expect(new Set(cases.map((each) => each.name)).size).toBe(cases.length)
})
