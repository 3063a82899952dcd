/** Cuts a text to so many UTF-16 units without leaving half a character, which no database would keep. */
export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text.toWellFormed() : text.slice(0, maxLength).toWellFormed()
}
