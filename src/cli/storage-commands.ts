/** The commands for a storage as a whole: schedules, doctor. */
import { wholeNumber } from './arguments.ts'
import { doctor } from './commands/doctor.ts'
import { schedules } from './commands/schedules.ts'
import { withStorage } from './session.ts'
import { example, type StorageFlags, type Tools } from './tools.ts'

const doctorHelp = `
Of its schema, indexes, clock, durability and rights, as far as it can tell. The exit code is 1 where it finds an error: an
app would not start on it.`

export function addStorageCommands({ command, using, stdout }: Tools): void {
  command('schedules', 'the schedules of a storage, by name')
    .option('--next <n>', 'tell so many of the next ticks of each', wholeNumber)
    .addHelpText('after', example('schedules --next 5'))
    .action((flags: StorageFlags & { next?: number }) => using(flags, (work) => schedules(work, flags, stdout)))

  command('doctor', 'what the storage finds when it looks at itself')
    .addHelpText('after', doctorHelp + example('doctor --storage sqlite:work.db'))
    .action((flags: StorageFlags) => withStorage(flags.storage, (storage) => doctor(storage, stdout)))
}
