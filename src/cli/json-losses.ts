import { type JsonLoss, plainJson } from '../engine/plain-json.ts'

const mostTold = 100

/** Makes JSON of several values, and notes where JSON has no form for what is there: a text and a Date, 0 and -0 are told apart by it. */
export class JsonLosses {
  readonly #told: JsonLoss[] = []

  /** `lossy`, for a document; nothing where nothing was lost. */
  get fields(): { readonly lossy?: readonly JsonLoss[] } {
    return this.#told.length === 0 ? {} : { lossy: this.#told }
  }

  /** @param at where it stands in the document: `added[0]` */
  take(value: unknown, at: string): unknown {
    // By itself a number is told better by its text than by null.
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
      const text = Object.is(value, -0) ? '-0' : String(value)
      this.#tell(at, `${text} became text`)
      return text
    }
    const { json, losses } = plainJson(value)
    for (const { path, what } of losses) this.#tell(path === '' || path.startsWith('[') ? `${at}${path}` : `${at}.${path}`, what)
    return json
  }

  #tell(path: string, what: string): void {
    if (this.#told.length < mostTold) this.#told.push({ path, what })
  }
}
