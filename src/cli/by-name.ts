/** A task of which the command line knows the name alone: what it does is known where it is run. */
import { type TaskDefinition, task } from '../index.ts'

/** `recurring`: there is one of each input, as its own definition has it. */
export function taskByName(name: string, recurring = false): TaskDefinition {
  const run = () => {
    throw new Error('The command line runs no work')
  }
  return task(name, { run, ...(recurring ? { recurring, onComplete: run } : {}) }) as TaskDefinition
}
