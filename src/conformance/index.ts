/** The published suite for authors of storage adapters: `piecework/conformance`. */
export type { Bench, Case } from './case.ts'
export { runCase } from './case.ts'
export { cases } from './cases/index.ts'
export type { ConformanceOptions } from './conformance.ts'
export { conformance } from './conformance.ts'
export { oracle } from './oracle.ts'
export type { Create, Subject, Test, TestContext } from './subject.ts'
