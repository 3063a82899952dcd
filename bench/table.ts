/** Rounds of samples as tables in Markdown: medians with their spread, and proportions taken round by round. */
import type { Group, Sample } from './scenario.ts'

/** What one round measured, by the contender's name. */
export type Round = ReadonlyMap<string, Sample>

export function tablesOf(group: Group, rounds: readonly Round[]): string {
  const names = group.contenders.map(({ name }) => name).filter((name) => rounds.some((round) => round.has(name)))
  if (names.some((name) => rounds.some((round) => round.get(name)?.latenciesMs))) return latencyTable(names, rounds)
  const references = group.references.filter((name) => names.includes(name))
  const hasServer = names.some((name) => samplesOf(name, rounds).some(({ serverCpuMs }) => serverCpuMs !== undefined))
  const cpus = hasServer ? ['CPU us/task', 'server CPU us/task'] : ['CPU us/task']
  const head = ['', 'tasks/s', 'us/task', ...cpus, ...references.map((name) => `x ${name}`)]
  const rows = names.map((name) => {
    const samples = samplesOf(name, rounds)
    return [
      name,
      spread(samples.map(rateOf), 0),
      number(median(samples.map(({ ms, count }) => (ms * 1000) / count)), 1),
      number(median(samples.map(({ cpuMs, count }) => (cpuMs * 1000) / count)), 1),
      ...(hasServer ? [number(median(samples.map(serverUsOf)), 1)] : []),
      ...references.map((reference) => (reference === name ? '1' : spread(ratios(name, reference, rounds), 2))),
    ]
  })
  return [markdown(head, rows), ...names.flatMap((name) => partsLine(name, rounds))].join('\n')
}

/** Of the same round only: what slows the machine down slows both. */
function ratios(name: string, reference: string, rounds: readonly Round[]): number[] {
  return rounds.flatMap((round) => {
    const [one, other] = [round.get(name), round.get(reference)]
    return one && other ? [rateOf(one) / rateOf(other)] : []
  })
}

function partsLine(name: string, rounds: readonly Round[]): string[] {
  const samples = samplesOf(name, rounds)
  const parts = Object.keys(samples[0]?.parts ?? {})
  if (parts.length === 0) return []
  const texts = parts.map((part) => {
    const us = samples.map((sample) => ((sample.parts?.[part] ?? 0) * 1000) / sample.count)
    return `${part} ${spread(us, 1)} us`
  })
  return ['', `Of ${name}, per task: ${texts.join(', ')}.`]
}

function latencyTable(names: readonly string[], rounds: readonly Round[]): string {
  const rows = names.map((name) => {
    const samples = samplesOf(name, rounds)
    const latencies = samples.flatMap(({ latenciesMs }) => latenciesMs ?? []).sort((a, b) => a - b)
    const at = (share: number) => number(latencies[Math.ceil(share * latencies.length) - 1] ?? Number.NaN, 1)
    const busy = median(samples.map(({ cpuMs, ms }) => (cpuMs / ms) * 100))
    return [name, at(0.5), at(0.95), at(1), `${number(busy, 1)} %`]
  })
  return markdown(['', 'p50 ms', 'p95 ms', 'max ms', "worker's CPU"], rows)
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function samplesOf(name: string, rounds: readonly Round[]): Sample[] {
  return rounds.flatMap((round) => round.get(name) ?? [])
}

function rateOf({ count, ms }: Sample): number {
  return (count / ms) * 1000
}

function serverUsOf({ serverCpuMs = Number.NaN, count }: Sample): number {
  return (serverCpuMs * 1000) / count
}

function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '-'
  if (values.length === 1) return number(median(values), digits)
  return `${number(median(values), digits)} (${number(Math.min(...values), digits)}-${number(Math.max(...values), digits)})`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
