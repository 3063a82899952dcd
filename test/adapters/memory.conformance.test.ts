import { test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { conformance, model, race } from '../../src/conformance/index.ts'

const create = () => memory()

conformance({ test, create })
model({ test, create })
race({ test, create })
