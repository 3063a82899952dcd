/** The commands for a storage as a whole: status, schedules, purge, doctor. */
import { Option } from 'commander'
import type { DoneState } from '../index.ts'
import { duration, list, wholeNumber } from './arguments.ts'
import { doctor } from './commands/doctor.ts'
import { type PurgeFlags, purge } from './commands/purge.ts'
import { schedules } from './commands/schedules.ts'
import { status } from './commands/status.ts'
import { withStorage } from './session.ts'
import { targetOf } from './storages.ts'
import { example, type StorageFlags, type Tools } from './tools.ts'

const doctorHelp = `
Of its schema, indexes, clock, durability and rights, as far as it can tell. The exit code is 1 where it finds an error: an
app would not start on it.`

const statusHelp = `
Of whatever the storage holds; counting stops at a million. Dispatches are counted as tasks of their consumer.`

const doneStates = ['completed', 'failed', 'cancelled'] as const satisfies readonly DoneState[]

const purgeHelp = `
Jobs go with their parts, tasks with their items. Without --yes nothing is removed: it only says how many would go, for which
it reads all that is done. What was told to go by --yes cannot be brought back.`

export function addStorageCommands({ command, using, stdout }: Tools): void {
  command('status', 'how many tasks, jobs and parts of each name are in which state')
    .option('--watch', 'look again every two seconds, until Ctrl-C')
    .addHelpText('after', statusHelp + example('status --watch'))
    .action((flags: StorageFlags & { watch?: boolean }) => using(flags, (work) => status(work, flags, stdout)))

  command('schedules', 'the schedules of a storage, by name')
    .option('--next <n>', 'tell so many of the next ticks of each', wholeNumber)
    .addHelpText('after', example('schedules --next 5'))
    .action((flags: StorageFlags & { next?: number }) => using(flags, (work) => schedules(work, flags, stdout)))

  command('purge', 'remove tasks and jobs that are done')
    .requiredOption('--older-than <time>', 'how long ago they must have been done: 0s, 12h, 7d', duration)
    .addOption(new Option('--states <list>', 'only these, with commas between').choices(doneStates).argParser(list))
    .option('--names <list>', 'only of these definitions, with commas between', list)
    .option('--archived', 'remove from the archive, where a cleanup without files puts them')
    .option('--yes', 'do it: without this nothing is removed')
    .addHelpText(
      'after',
      purgeHelp + example('purge --older-than 7d --states completed,failed', 'purge --older-than 7d --yes'),
    )
    .action((flags: StorageFlags & PurgeFlags) =>
      using(flags, (work) => purge(work, flags, targetOf(flags.storage), stdout)),
    )

  command('doctor', 'what the storage finds when it looks at itself')
    .addHelpText('after', doctorHelp + example('doctor --storage sqlite:work.db'))
    .action((flags: StorageFlags) => withStorage(flags.storage, (storage) => doctor(storage, stdout)))
}
