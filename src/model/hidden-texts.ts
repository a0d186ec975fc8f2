/** What stands in the place of a secret. */
export const maskedText = '•••'

/** Shorter ones stand in every other text by chance. */
const leastLength = 6
/** Of a line out of a longer text. */
const leastLineLength = 16
const mostLength = 64 * 1024
/** Forms of texts; a run that sets aside more items than that with secrets in them is not asked for them all. */
const mostForms = 20_000

/** Texts that are secrets, wherever they turn up: in an error, in a line of a log, in a page. */
export class HiddenTexts {
  /** By their first characters, the longest first. */
  readonly #byHead = new Map<string, string[]>()
  readonly #known = new Set<string>()
  #heads: RegExp | undefined
  /** Called with each text that was not known before. */
  onAdded: ((text: string) => void) | undefined

  get isEmpty(): boolean {
    return this.#byHead.size === 0
  }

  /** A value is secret, with all that it holds. */
  addAllOf(value: unknown): void {
    this.#add(value, new Set())
  }

  /** The text with every secret in it replaced, also one that is cut with an ellipsis. */
  without(text: string): string {
    if (this.isEmpty || text.length < leastLength) return text
    this.#heads ??= new RegExp(
      [...this.#byHead.keys()].map(head => head.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'),
      'g',
    )
    const heads = this.#heads
    let made = ''
    let taken = 0
    heads.lastIndex = 0
    for (let found = heads.exec(text); found !== null; found = heads.exec(text)) {
      const length = this.#lengthAt(text, found.index, found[0])
      heads.lastIndex = found.index + Math.max(length, 1)
      if (length === 0) continue
      made += text.slice(taken, found.index) + maskedText
      taken = found.index + length
    }
    return taken === 0 ? text : made + text.slice(taken)
  }

  #add(value: unknown, above: Set<object>): void {
    if (typeof value === 'string') this.#addText(value)
    else if (typeof value === 'number' || typeof value === 'bigint') this.#addText(String(value))
    if (typeof value !== 'object' || value === null || above.has(value)) return
    above.add(value)
    if (value instanceof Uint8Array) return
    const parts = value instanceof Map ? value.values() : value instanceof Set ? value : Object.values(value)
    for (const part of parts) this.#add(part, above)
  }

  #addText(text: string): void {
    if (text.length < leastLength || text.length > mostLength || text === maskedText || this.#known.has(text)) return
    if (this.#known.size >= mostForms) return
    this.#known.add(text)
    for (const form of formsOf(text)) this.#addForm(form)
    const lines = text.split('\n')
    if (lines.length > 1) for (const one of lines) if (one.trim().length >= leastLineLength) this.#addForm(one.trim())
    this.onAdded?.(text)
  }

  #addForm(form: string): void {
    const head = form.slice(0, leastLength)
    const before = this.#byHead.get(head) ?? []
    if (before.includes(form)) return
    this.#byHead.set(
      head,
      [...before, form].sort((a, b) => b.length - a.length),
    )
    this.#heads = undefined
  }

  /** How much of the text from there on is a secret. */
  #lengthAt(text: string, start: number, head: string): number {
    const forms = this.#byHead.get(head) ?? []
    for (const form of forms) if (text.startsWith(form, start)) return form.length
    let longest = 0
    for (const form of forms) {
      let length = head.length
      while (length < form.length && text[start + length] === form[length]) length++
      const next = text.slice(start + length, start + length + 3)
      if (next.startsWith('…') || next === '...') longest = Math.max(longest, length)
    }
    return longest
  }
}

/** As a text, in JSON (also within JSON), between single quotes, in HTML and in a URL. */
function formsOf(text: string): ReadonlySet<string> {
  const json = JSON.stringify(text).slice(1, -1)
  const html = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return new Set([
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n'),
    html,
    html.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    encodeURIComponent(text.toWellFormed()),
  ])
}
