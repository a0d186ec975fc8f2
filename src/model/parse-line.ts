/**
 * A line of JSON as `JSON.stringify` wrote it, parsed. In V8 13.6 `JSON.parse('{"\\"":1}')` gives the key `\` instead of `"` where an object with that key was made before: a name with an escape is compared with the names that such
 * objects had, as far as it is long once it is decoded. So what holds escapes is written again and compared; where that is not the same, it is parsed without them.
 */
export function parseLine(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  return !text.includes('\\') || JSON.stringify(parsed) === text ? parsed : parseWithoutEscapes(text)
}

/** Escapes are taken out, and put back when the names and texts are there. */
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
