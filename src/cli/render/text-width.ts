import { createRequire } from 'node:module'

/** One column each, alone and beside each other: ASCII, Latin, dashes, quotes, arrows, boxes and blocks, and the signs that Waymark shows. */
const narrow = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713\u2717]*$/

let stringWidth: ((text: string) => number) | undefined

/** Columns that text without escape sequences takes. What knows all of Unicode is loaded where such text is met: its patterns took a sixth of the time of a short command. */
export function textWidth(text: string): number {
  if (narrow.test(text)) return text.length
  stringWidth ??= loadStringWidth()
  return stringWidth(text)
}

function loadStringWidth(): (text: string) => number {
  const library: typeof import('string-width') = createRequire(import.meta.url)('string-width')
  return library.default
}
