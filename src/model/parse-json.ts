/**
 * As `JSON.parse`, with the names that stand there. In V8 13.6 (Node 24) `JSON.parse('{"\\"":1}')` gives the key `\` instead of `"` where an object with that key was made before: a name with an escape is compared with the names
 * that such objects had, as it is written, as far as it is long once it is decoded. So a text that has an escape in a name is parsed without escapes.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  return hasEscapedName(text) ? parseWithoutEscapes(text) : parsed
}

const quote = 34
const backslash = 92

/** Each character is looked at once, and only in strings that have an escape. */
function hasEscapedName(text: string): boolean {
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at)) {
    while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
    at++
    while (/\s/.test(text.charAt(at))) at++
    if (text.charAt(at) === ':') return true
  }
  return false
}

/** Escapes are taken out, and put back when the names and texts are there. @param text that is JSON */
function parseWithoutEscapes(text: string): unknown {
  let mark = 0xf0000
  while (text.includes(String.fromCodePoint(mark))) mark++
  const sign = String.fromCodePoint(mark)
  const taken: string[] = []
  const marked = text.replaceAll(/\\(?:u[0-9a-fA-F]{4}|[^u])/g, one => `${sign}${taken.push(one) - 1}${sign}`)
  const marks = new RegExp(`${sign}(\\d+)${sign}`, 'gu')
  const meant = (one: string): string => one.replaceAll(marks, (_, place) => String(JSON.parse(`"${taken[Number(place)]}"`)))
  const restored = (value: unknown): unknown => {
    if (typeof value === 'string') return meant(value)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(restored)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [meant(key), restored(one)]))
  }
  return restored(JSON.parse(marked))
}
