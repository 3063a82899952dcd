/** The process that measures one contender once; `run.ts` starts a fresh one each time. */
import { scenarios } from './scenarios/all.ts'

const [scenarioName, title, name, place, count] = process.argv.slice(2)
const scenario = scenarios.find((one) => one.name === scenarioName)
const group = scenario?.groups.find((one) => one.title === title)
const contender = group?.contenders.find((one) => one.name === name)
if (!contender || place === undefined) throw new TypeError(`No such contender: ${process.argv.slice(2).join(' ')}`)
const sample = await contender.measure(place, Number(count))
// Agenda leaves a timer of five minutes behind for each job that it ran.
process.send?.(sample, () => process.exit())
