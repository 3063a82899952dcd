/** `piecework/testing`: what an app needs to test its tasks: a clock of its own, faults on demand, arbitraries. */
export { type RetryArbitraries, retryArbitraries } from './arbitraries.ts'
export { type Fault, type FaultPlan, faulty, type Verb } from './faulty.ts'
export { type ManualClock, manualClock } from './manual-clock.ts'
