/** How many bytes a text takes in UTF-8, without making them. JSON text holds no lone surrogate. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    // Each half of a pair counts 2 of the 4 bytes: 1 above and 1 here; anything else of the plane takes 3.
    else bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2
  }
  return bytes
}
