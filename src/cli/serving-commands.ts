/** The commands that go on until they are ended: work and serve. */
import { availableParallelism } from 'node:os'
import { type Command, Option } from 'commander'
import { duration, port, processes } from './arguments.ts'
import { type ServeFlags, serve } from './commands/serve.ts'
import { type WorkFlags, work } from './commands/work.ts'
import { example, type Tools } from './tools.ts'

const workHelp = `
The module exports what piecework(...) gave it, as \`work\` or as its default; each process loads it for itself. It is ended by
Ctrl-C or SIGTERM: nothing more is begun, what runs has --timeout to end, and then its signal aborts and it is given back. A
second Ctrl-C or SIGTERM ends everything at once, and leaves what ran to its lease. With --cluster a process that dies is
started again, after 0.25 s, or longer, up to 30 s, where it does so again and again. With --port or --unix it answers over HTTP
as well, and tasks can be added and run through it.`

const serveHelp = `
Tasks, jobs, schedules and the status as JSON, and figures for Prometheus: see GET /openapi.json. Nobody may change anything
without --token-file: with it, each request has to send \`Authorization: Bearer <token>\`. Tasks cannot be added or run through it,
as their definitions are in your app: \`work --port\` can. Ctrl-C ends it, and a second one at once.`

export function addServingCommands(tools: Tools): void {
  const { command, plainCommand } = tools

  const working = plainCommand('work <module>', "do the work of your app's module")
    .addOption(new Option('--only <what>', 'one half of it').choices(['tasks', 'schedules']))
    .option('--timeout <time>', 'how long tasks may take to end once it is told to end', duration, '30s')
  withCluster(withHttp(working, 'answer over HTTP as well, at this TCP port', 'answer at a unix socket'))
    .addHelpText('after', workHelp + example('work app.ts', 'work app.ts --cluster --port 8032 --token-file token.txt'))
    .action((module: string, flags: WorkFlags) => work(module, flags, tools))

  const serving = command('serve', 'answer over HTTP, on this machine alone')
  withCluster(withHttp(serving, 'the TCP port, 8032 unless you say otherwise', 'a unix socket instead'))
    .addHelpText(
      'after',
      serveHelp + example('serve --port 8032 --token-file token.txt', 'serve --unix /run/piecework.sock'),
    )
    .action((flags: ServeFlags) => serve(flags, tools))
}

function withHttp(command: Command, tcp: string, unix: string): Command {
  return command
    .addOption(new Option('--port <n>', `${tcp}; 0: any that is free`).argParser(port).conflicts('unix'))
    .option('--unix <path>', `${unix}, which only you can open`)
    .option('--token-file <file>', 'a file with the secret that callers have to send, of 16 characters or more')
}

function withCluster(command: Command): Command {
  const option = new Option('--cluster [n]', 'in so many processes, one for each core without a number')
  return command.addOption(option.argParser(processes).preset(String(availableParallelism())))
}
