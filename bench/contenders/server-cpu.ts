/** What a database server used of the processors, so that work which moved into it is not counted as saved. */
import { existsSync, readFileSync } from 'node:fs'

/** Of Linux, as programs see it, whatever the kernel counts in. */
const ticksPerSecond = 100

/**
 * Gives a function that tells the CPU of a process and all its children, dead or alive, until now; nothing where there is
 * no such process here: the server runs elsewhere, or in a container, or this is not Linux.
 */
export function cpuMeter(pid: number, program: string): (() => number) | undefined {
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)) return undefined
    const read = () => [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuMsOf(one, one === pid), 0)
    read()
    return read
  } catch {
    return undefined
  }
}

/** The process that started this one. */
export function parentOf(pid: number): number {
  return statOf(pid)[1] ?? 0
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** Children that have ended are counted with their parent; those that live count for themselves. */
function cpuMsOf(pid: number, withEndedChildren: boolean): number {
  // One that ended since the list was read has nothing more to tell.
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = existsSync(`/proc/${pid}`) ? statOf(pid).slice(11, 15) : []
  const ticks = utime + stime + (withEndedChildren ? cutime + cstime : 0)
  return (ticks * 1000) / ticksPerSecond
}

/** The fields after the name, which may hold spaces and brackets; the first is the state, and no number. */
function statOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}
