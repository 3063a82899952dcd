/** The ids of a catalogue of docs/, read from its tables part by part. */

export interface Part {
  title: string
  ids: string[]
}

/** A catalogue: where it lies, and what its ids look like. A token must match globally. */
export interface Kind {
  path: string
  token: RegExp
}

export const failures: Kind = {
  path: 'docs/failures.md',
  // `LZ-04` or `P-FENCE`, as a whole token: not in `ALZ-04`, `LZ-041`, `P-FENCED` or `P-FENCE-2`.
  token: /(?<![\w-])(?:[A-Z]{2}-\d{2}|P-[A-Z]{2,}(?:-[A-Z]+)*)(?![\w-])/g,
}

export const behaviours: Kind = {
  path: 'docs/behaviours.md',
  // `W7` or `B12`, likewise.
  token: /(?<![\w-])[A-Z][1-9]\d?(?![\w-])/g,
}

export function idsIn(text: string, { token }: Kind): string[] {
  return text.match(token) ?? []
}

export function readCatalogue(markdown: string, kind: Kind): Part[] {
  const parts: Part[] = []
  for (const line of markdown.split('\n')) {
    const heading = /^## (.+)$/.exec(line)
    if (heading) parts.push({ title: heading[1]!, ids: [] })
    // Only the first cell names an id; a situation may mention another one.
    const cell = /^\| ([^|]+) \|/.exec(line)
    if (cell) parts.at(-1)?.ids.push(...idsIn(cell[1]!, kind))
  }
  const filled = parts.filter(({ ids }) => ids.length > 0)
  const twice = filled.flatMap(({ ids }) => ids).find((id, index, all) => all.indexOf(id) !== index)
  if (twice) throw new Error(`The catalogue holds ${twice} twice`)
  return filled
}
