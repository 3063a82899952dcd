/** The commands for jobs: info, ls, pending, dispatch. */
import { jsonObject, wholeNumber } from './arguments.ts'
import { taskByName } from './by-name.ts'
import { type DispatchFlags, dispatch } from './commands/dispatch.ts'
import { info } from './commands/info.ts'
import { ls } from './commands/ls.ts'
import { pending } from './commands/pending.ts'
import { example, type StorageFlags, type Tools } from './tools.ts'

const dispatchHelp = `
The consumer is run by processes elsewhere, which are given its definition. Values that ran well before are not run again,
nor those that have no execution left; the exit code is 1 where any is left over. Ctrl-C ends the watching, not the work.`

const dispatchExample = 'dispatch --consume-job-items stores --consume-job-attribute id --consumer shop --workers 25'

export function addJobCommands({ command, using, stdout }: Tools): void {
  command('info <job>', 'what is known of a job')
    .option('--watch', 'go on until it is over, with a bar on a terminal; exit code 1 where it does not end well')
    .addHelpText('after', example('info nightly-2026-11-22 --watch'))
    .action((job, options) => using(options, (work) => info(work, job, options, stdout)))

  command('ls', 'the jobs of a storage, in the order of their ids')
    .option('--ids', 'print their ids alone')
    .option('--hide-completed', 'leave out those that are completed')
    .addHelpText('after', example('ls --hide-completed'))
    .action((options) => using(options, (work) => ls(work, options, stdout)))

  command('pending <job>', 'the numbers of the parts that are not done, one a line')
    .option('--array', 'print them as one JSON array')
    .addHelpText('after', example('pending nightly-2026-11-22 --array'))
    .action((job, options) => using(options, (work) => pending(work, job, options, stdout)))

  command('dispatch', 'hand each distinct value among the items of a task or job over to a consumer')
    .requiredOption('--consume-job-items <id>', 'the completed task or job whose items are read')
    .requiredOption('--consume-job-attribute <key>', 'the key of each item whose value is handed over')
    .requiredOption('--consumer <name>', 'the task that runs once for each value, which it has as `input.item`')
    .option('--consumer-args <json>', 'a JSON object: what else its input has', jsonObject)
    .option('--workers <n>', 'at most so many executions at once, over all processes', wholeNumber, 8)
    .option('--project <name>', 'keeps this dispatch apart from those of other projects to the same consumer')
    .option('--begin', 'forget what was run before, and run everything from scratch')
    .option('--no-wait', 'end once all items are handed over')
    .addHelpText('after', dispatchHelp + example(dispatchExample))
    .action((flags: DispatchFlags & StorageFlags) => {
      const to = taskByName(flags.consumer)
      return using(flags, (work) => dispatch(work, to, flags, stdout), [to])
    })
}
