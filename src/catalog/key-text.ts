/** Never the first character of a text that is kept as it is. */
const marker = '\u0001'

/**
 * A text as SQLite can keep and compare it. SQLite cuts at a NUL and has no lone surrogates; such texts are kept as JSON behind a marker.
 * Different texts stay different; all that Waymark itself makes up (ids, paths) is kept as it is.
 */
export function keyText(text: string): string {
  return text.startsWith(marker) || text.includes('\0') || !text.isWellFormed() ? marker + JSON.stringify(text) : text
}

/** The text that {@link keyText} made this from; it must be one. */
export function textOfKey(key: string): string {
  return key.startsWith(marker) ? String(JSON.parse(key.slice(1))) : key
}

/** What every key made from a text that begins with `prefix` begins with itself: one of these. */
export function keyPrefixes(prefix: string): readonly string[] {
  const asJson = marker + JSON.stringify(prefix).slice(0, -1)
  return keyText(prefix) === prefix ? [prefix, asJson] : [asJson]
}
