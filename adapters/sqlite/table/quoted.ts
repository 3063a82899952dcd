/** Names in SQL: the user's own, whatever characters they have. */

/** A name stays one name; a quote within it is doubled. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** SQLite takes names for the same that differ in the case of ASCII letters alone. */
export function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
