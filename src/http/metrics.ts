/** The text that Prometheus reads: counters of what this process told, gauges of how things are. */
import type { Status } from '../index.ts'
import type { Hub } from './hub.ts'

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

export function metricsText(status: Status, hub: Hub): string {
  const { tasks, jobs, parts, capped, paused, worker, cluster } = status
  const single = (value: number): Sample[] => [{ labels: {}, value }]
  const families: Family[] = [
    counter('events_total', 'What this process told since it began, by kind and definition.', eventSamples(hub)),
    gauge('tasks', 'Tasks by definition and state.', stateSamples(tasks)),
    gauge('jobs', 'Jobs by definition and state.', stateSamples(jobs)),
    gauge('parts', 'Parts of jobs by definition and state.', stateSamples(parts)),
    gauge('counts_capped', 'Whether counting stopped, so that counts are lower bounds.', single(Number(capped))),
    gauge(
      'paused',
      'Definitions that are paused.',
      paused.map((name) => ({ labels: { name }, value: 1 })),
    ),
    gauge('worker_running', 'Whether this process works.', single(Number(worker.running))),
    gauge('worker_held', 'Tasks and rows that this process holds.', single(worker.held)),
    gauge('worker_threads', 'Threads that this process has for its tasks.', single(worker.threads)),
    ...(cluster
      ? [
          gauge(
            'cluster_processes',
            'Processes that there are to be beside this one and with it.',
            single(cluster.processes),
          ),
          gauge('cluster_running', 'Those of them that are at work.', single(cluster.running)),
          counter('cluster_restarts_total', 'How often one of them was started again.', single(cluster.restarts)),
        ]
      : []),
    gauge('event_streams', 'Open streams of events.', single(hub.streams)),
  ]
  return families.map(familyText).join('')
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `piecework_${name}`, type: 'counter', help, samples }
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `piecework_${name}`, type: 'gauge', help, samples }
}

function eventSamples(hub: Hub): Sample[] {
  return [...hub.counts].flatMap(([event, counts]) =>
    [...counts].map(([name, value]) => ({ labels: { event, name }, value })),
  )
}

function stateSamples(counts: Readonly<Record<string, Readonly<Record<string, number>>>>): Sample[] {
  return Object.entries(counts).flatMap(([name, states]) =>
    Object.entries(states).map(([state, value]) => ({ labels: { name, state }, value })),
  )
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

/** The three characters that would end a label, or a line. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
