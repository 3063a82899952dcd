/** The sources that a race can be run over, each loaded by the process that needs it. */
import type { RowSource } from '../../../src/storage/index.ts'
import type { RacePlace } from './order.ts'

const makers: Readonly<Record<string, (place: RacePlace) => Promise<RowSource>>> = {}

export function sourceAt(place: RacePlace): Promise<RowSource> {
  const make = makers[place.kind]
  if (!make) throw new TypeError(`Expected \`kind\` to be one of ${Object.keys(makers).join(', ')}, got ${place.kind}`)
  return make(place)
}
