/** `npm run coverage:failures`: which failures of docs/failures.md have a test that names them, and which have none. */
import { failures } from './catalogue.ts'
import { cover, report, textOf } from './coverage.ts'
import { codeFiles } from './files.ts'

const tests = codeFiles(['test'])
// A mutant may be named after what it gets wrong; it covers nothing by itself.
const cases = codeFiles(['src/conformance']).filter(({ path }) => !path.includes('/mutants/'))
const coverage = cover(textOf(failures), [...tests, ...cases], failures)
console.log(report(coverage))
process.exitCode = coverage.unknown.length > 0 ? 1 : 0
