/** What each tick of the race is for. */
import { task } from '../../../src/index.ts'

export const tick = task('tick', { run: () => undefined })
