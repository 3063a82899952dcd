/** One text for equal JSON values, whatever the order of their keys (dispatcher B35). */

/** `value` is what JSON keeps: what `decode` gives. Keys are sorted by their code units. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonicalText(one)}`)
  return `{${entries.sort().join(',')}}`
}
