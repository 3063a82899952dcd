import { expect, test } from 'vitest'
import { cases, conformance, model, oracle } from '../../src/conformance/index.ts'

conformance({ test, create: () => oracle() })
model({ test, create: () => oracle(), histories: 300 })

test('names are unique', () => {
  expect(new Set(cases.map((each) => each.name)).size).toBe(cases.length)
})
