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
  /** By their first characters: many secrets may begin alike, as tokens do. */
  readonly #byHead = new Map<string, Forms>()
  readonly #known = new Set<string>()
  /** A bit for what a head may begin with: nearly all places of a text are passed over by it. */
  readonly #starts = new Uint8Array(1 << 16)
  readonly #under: HiddenTexts | undefined
  /** Called with each text that was not known before; whoever must not be faster than what is told so awaits {@link told}. */
  onAdded: ((text: string) => Promise<void>) | undefined
  /** Resolves when all that was added is told. */
  told: Promise<void> | undefined

  /** @param under texts that are secrets as well, whatever becomes of them there */
  constructor(under?: HiddenTexts) {
    this.#under = under
  }

  get isEmpty(): boolean {
    return this.#byHead.size === 0 && this.#under?.isEmpty !== false
  }

  /** Forgets what was added here, and nothing of what lies under it. */
  clear(): void {
    for (const head of this.#byHead.keys()) this.#starts[startOf(head, 0)] = 0
    this.#byHead.clear()
    this.#known.clear()
  }

  /** A value is secret, with all that it holds. */
  addAllOf(value: unknown): void {
    this.#add(value, new Set())
  }

  /** The text with every secret in it replaced, also one that is cut with an ellipsis. */
  without(given: string): string {
    const text = this.#under?.without(given) ?? given
    if (this.#byHead.size === 0 || text.length < leastLength) return text
    let made = ''
    let taken = 0
    for (let at = 0; at <= text.length - leastLength; ) {
      const length = this.#starts[startOf(text, at)] === 0 ? 0 : this.#lengthAt(text, at)
      if (length > 0) {
        made += text.slice(taken, at) + maskedText
        taken = at + length
      }
      at += Math.max(length, 1)
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
    if (this.onAdded !== undefined) this.told = this.onAdded(text)
  }

  #addForm(form: string): void {
    const head = form.slice(0, leastLength)
    const forms: Forms = this.#byHead.get(head) ?? { all: new Set(), lengths: [] }
    if (forms.all.has(form)) return
    forms.all.add(form)
    if (!forms.lengths.includes(form.length)) forms.lengths = [...forms.lengths, form.length].sort((a, b) => b - a)
    this.#byHead.set(head, forms)
    this.#starts[startOf(form, 0)] = 1
  }

  /** How much of the text from there on is a secret. */
  #lengthAt(text: string, start: number): number {
    const forms = this.#byHead.get(text.slice(start, start + leastLength))
    if (forms === undefined) return 0
    for (const length of forms.lengths) if (forms.all.has(text.slice(start, start + length))) return length
    const [longest = 0] = forms.lengths
    const end = Math.min(text.length, start + longest)
    let cut = 0
    for (let at = start + leastLength; at < end; at++) {
      if (text[at] !== '…' && !text.startsWith('...', at)) continue
      const begun = text.slice(start, at)
      for (const form of forms.all) if (form.startsWith(begun)) cut = at - start
    }
    return cut
  }
}

interface Forms {
  readonly all: Set<string>
  /** The longest first. */
  lengths: readonly number[]
}

/** Its first three characters in 16 bits. */
const startOf = (text: string, at: number): number =>
  (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 4) ^ (text.charCodeAt(at + 2) << 8)) & 0xffff

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
