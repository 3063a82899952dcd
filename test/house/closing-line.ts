/**
 * A vitest reporter whose last line says how many tests passed, failed and were skipped; before it each skip with its
 * reason, and nearest to it each failure: of a long log often only the end is kept.
 */
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'

export interface Tally {
  passed: number
  failed: number
  skipped: number
  /** A line for each skip, with its reason. */
  skips: string[]
  /** A line for each failure, with the first line of its message. */
  failures: string[]
}

/** Suites (a module is one) can fail without a failing test: a broken import, a hook that throws. */
type Container = TestModule | TestSuite

export function tally(modules: readonly TestModule[], unhandled: readonly SerializedError[], filtered: boolean): Tally {
  const sum: Tally = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] }
  for (const module of modules) countContainer(sum, module, module.relativeModuleId, filtered)
  for (const error of unhandled) fail(sum, `outside every test: ${error.message}`)
  return sum
}

export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

function countContainer(sum: Tally, container: Container, file: string, filtered: boolean): void {
  // Without this a file that does not even load would end the run with "0 failed".
  for (const error of container.errors()) fail(sum, `${file}: ${error.message}`)
  for (const child of container.children) {
    if (child.type === 'test') countTest(sum, child, file, filtered)
    else countContainer(sum, child, file, filtered)
  }
}

function countTest(sum: Tally, test: TestCase, file: string, filtered: boolean): void {
  const result = test.result()
  switch (result.state) {
    case 'passed':
      sum.passed++
      break
    case 'failed':
      fail(sum, `${file} > ${test.fullName}: ${result.errors[0]?.message ?? 'no message'}`)
      break
    case 'skipped': {
      sum.skipped++
      const reason = result.note ?? (test.options.mode === 'todo' ? 'to do' : undefined)
      // A run of some tests by name skips all the others; to list them would bury the reasons that count.
      if (reason !== undefined || !filtered) {
        sum.skips.push(`skipped: ${file} > ${test.fullName} (${reason ?? 'no reason given'})`)
      }
      break
    }
    case 'pending':
      // Its process died or the run was interrupted: neither passed nor skipped.
      fail(sum, `${file} > ${test.fullName}: never ended`)
  }
}

function fail(sum: Tally, note: string): void {
  sum.failed++
  sum.failures.push(`failed: ${note.split('\n')[0]}`)
}

export default class ClosingLine implements Reporter {
  #vitest: Vitest | undefined
  #last: string | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    // Other reporters and vitest's own closing words come after `onTestRunEnd`; only at exit is the last line ours.
    process.once('exit', () => this.#print())
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const sum = tally(modules, unhandled, this.#vitest?.config.testNamePattern !== undefined)
    this.#last = ['', ...sum.skips, ...sum.failures, closingLine(sum), ''].join('\n')
    if (this.#vitest?.config.watch) this.#print()
  }

  #print(): void {
    if (this.#last !== undefined) process.stdout.write(this.#last)
    this.#last = undefined
  }
}
