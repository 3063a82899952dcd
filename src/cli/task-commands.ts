/** The commands for single tasks, and for jobs as they are: add, explain, retry, cancel. */
import { Option } from 'commander'
import { anyJson, duration, priority } from './arguments.ts'
import { taskByName } from './by-name.ts'
import { type AddFlags, add } from './commands/add.ts'
import { cancel, retry } from './commands/by-hand.ts'
import { explain } from './commands/explain.ts'
import { example, type StorageFlags, type Tools } from './tools.ts'

const addHelp = `
The task is known by its name alone here: what its input must be is checked by the process that runs it, and what is added by
the name of a job fails there, as a job is run with its parts by your app. Where a task with this key or id is there already,
nothing is added, and the answer is that one.`

const retryHelp = `
A task that waits becomes due now; one that failed or was cancelled runs again, with all its attempts. A job goes on with
what is left. Whatever else is left as it is, and the exit code is 1.`

export function addTaskCommands({ command, using, stdout }: Tools): void {
  command('add <name>', 'add a task, which processes elsewhere run')
    .option('--input <json>', 'what it is given', anyJson)
    .option('--delay <time>', 'how long it may not run yet: 30s, 5m, 2h, 7d', duration)
    .addOption(
      new Option('--key <text>', 'at most one unfinished task of this name has this key').conflicts('recurring'),
    )
    .option('--recurring', 'the task is one that recurs by itself: there is one of each input')
    .option('--priority <n>', '0 to 9: 0 runs first', priority)
    .option('--id <id>', 'the id it is to have')
    .addHelpText('after', addHelp + example(`add mail --input '{"to": "you@example.org"}' --delay 5m --key you`))
    .action((name: string, flags: AddFlags & StorageFlags & { recurring?: boolean }) => {
      const definition = taskByName(name, flags.recurring)
      return using(flags, (work) => add(work, definition, flags, stdout), [definition])
    })

  command('explain <id>', 'why a task, a part of a job or a job is where it is')
    .addHelpText('after', example('explain welcome-7', 'explain nightly/17'))
    .action((id: string, flags: StorageFlags) => using(flags, (work) => explain(work, id, stdout)))

  command('retry <id>', 'have a task run now or again, or a job go on')
    .addHelpText('after', retryHelp + example('retry welcome-7'))
    .action((id: string, flags: StorageFlags) => using(flags, (work) => retry(work, id, stdout)))

  command('cancel <id>', 'cancel a task, a part of a job or a job, unless it is done')
    .addHelpText('after', example('cancel welcome-7', 'cancel nightly'))
    .action((id: string, flags: StorageFlags) => using(flags, (work) => cancel(work, id, stdout)))
}
