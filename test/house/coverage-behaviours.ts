/** `npm run coverage:behaviours`: which rules of older systems, from docs/behaviours.md, have a test that names them. */
import { behaviours } from './catalogue.ts'
import { cover, report, textOf, uncovered } from './coverage.ts'
import { codeFiles } from './files.ts'

// A test may name a rule that is not listed: the list holds those that must be kept.
const coverage = { ...cover(textOf(behaviours), codeFiles(['test']), behaviours), unknown: [] }
console.log(report(coverage))
process.exitCode = uncovered(coverage).length > 0 ? 1 : 0
