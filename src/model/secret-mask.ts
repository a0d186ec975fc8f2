import { maskedText } from './hidden-texts.ts'
import { PathPatterns, type PatternProgress } from './path-pattern.ts'
import { kindOf } from './value-kind.ts'
import type { ValueStep } from './value-step.ts'

const secretAnywhere = /password|passphrase|passwd|secret|apikey|accesskey|privatekey|authorization|credential/
/** `tokens` and `maxTokens` are counts, and no secrets. */
const secretAtEnd = /(?:token|pwd|cookie|connectionstring)$/
const loginInUrl = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):([^\s@/]+)@/gi
/** `?api_key=…`, `&access_token=…`. */
const secretInQuery = /([?&][a-z0-9_.-]*(?:api[_-]?key|access[_-]?key|token|secret|password|signature)=)([^\s&#"'<>]+)/gi
/** `Authorization: Bearer …`, and `Bearer …` by itself where it is a token and no word. */
const authorization = /(\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+|\bbearer\s+(?=[^\s"']*\d))([^\s"',;]{6,})/gi
/** What lies deeper is hidden whole, for safety. */
const mostLevels = 400
/** Longer texts are not searched for secrets in them when a value is only looked through. */
const mostSearched = 64 * 1024

interface Look {
  /** Values that may still be looked at. */
  left: number
}

/** Hides what looks like a secret by its key: `password`, `accessToken`, `client_secret`, `X-Api-Key`, `authorization` …; and in texts passwords and keys in URLs, and what follows `Bearer`. */
export class SecretMask {
  readonly #more: PathPatterns
  readonly #onHidden: ((value: unknown) => void) | undefined

  /**
   * @param more paths, with wildcards, of what is hidden besides
   * @param onHidden called with each value that is hidden, before it is
   */
  constructor(more: readonly string[] = [], onHidden?: (value: unknown) => void) {
    this.#more = new PathPatterns(more)
    this.#onHidden = onHidden
  }

  /** The value that stands at a place, itself where nothing in it is secret. */
  value(value: unknown, steps: readonly ValueStep[]): unknown {
    if (this.#isSecret(steps)) return this.#hide(value)
    return this.#masked(value, steps, new Map())
  }

  /**
   * Tells `onHidden` of what is secret in a value, and makes no other value of it. What stands behind the first `mostValues` values in it is not looked at.
   *
   * @param places where it stands: what is hidden at any of them is
   * @returns how many values may still be looked at
   */
  tell(value: unknown, places: readonly (readonly ValueStep[])[], mostValues: number): number {
    const look: Look = { left: mostValues }
    const progress = places.flatMap(steps => steps.reduce((reached, step) => this.#more.enter(reached, step), this.#more.start()))
    this.#look(value, progress, this.#more.fits(progress), 0, look)
    return Math.max(look.left, 0)
  }

  #look(value: unknown, progress: PatternProgress, isHidden: boolean, level: number, look: Look): void {
    if (look.left-- <= 0 || level > mostLevels) return
    if (typeof value !== 'object' || value === null) {
      if (isHidden) this.#onHidden?.(value)
      else if (typeof value === 'string' && value.length <= mostSearched) this.#text(value)
      return
    }
    const part = (one: unknown, step: ValueStep): void => {
      const inner = isHidden || progress.length === 0 ? progress : this.#more.enter(progress, step)
      this.#look(one, inner, isHidden || isSecretKey(step) || this.#more.fits(inner), level + 1, look)
    }
    if (Array.isArray(value)) {
      for (let key = 0; key < value.length && look.left > 0; key++) part(value[key], { kind: 'index', key })
    } else if (value instanceof Map) {
      for (const [key, one] of value) {
        if (look.left <= 0) return
        part(one, { kind: 'map-key', key })
      }
    } else if (value instanceof Set) {
      for (const key of value) {
        if (look.left <= 0) return
        part(key, { kind: 'member', key })
      }
    } else if (kindOf(value) === 'object') {
      for (const key of Object.keys(value)) {
        if (look.left <= 0) return
        part(Reflect.get(value, key), { kind: 'property', key })
      }
    }
  }

  #hide(value: unknown): typeof maskedText {
    this.#onHidden?.(value)
    return maskedText
  }

  /** A text without the passwords in its URLs, the secrets in their queries, and what authorizes. */
  #text(text: string): string {
    let made = text
    if (text.includes('://')) made = this.#without(made, loginInUrl, (before, hidden) => `${before}:${hidden}@`)
    if (text.includes('=') && /[?&]/.test(text)) made = this.#without(made, secretInQuery, (before, hidden) => before + hidden)
    if (/bearer|authorization/i.test(text)) made = this.#without(made, authorization, (before, hidden) => before + hidden)
    return made
  }

  #without(text: string, pattern: RegExp, join: (before: string, hidden: string) => string): string {
    return text.replaceAll(pattern, (whole: string, before: string, secret: string) => {
      if (secret === maskedText) return whole
      this.#onHidden?.(secret)
      return join(before, maskedText)
    })
  }

  #isSecret(steps: readonly ValueStep[]): boolean {
    return steps.some(step => isSecretKey(step)) || (!this.#more.isEmpty && this.#more.fitsPath(steps))
  }

  #masked(value: unknown, steps: readonly ValueStep[], known: Map<object, unknown>): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null) return value
    if (steps.length > mostLevels) return maskedText
    // With patterns the same object can be secret at one place and not at another.
    const before = this.#more.isEmpty ? known.get(value) : undefined
    if (before !== undefined) return before
    known.set(value, value)
    const made = this.#container(value, steps, known)
    known.set(value, made)
    return made
  }

  #container(value: object, steps: readonly ValueStep[], known: Map<object, unknown>): unknown {
    let isChanged = false
    const part = (one: unknown, step: ValueStep): unknown => {
      const inner = [...steps, step]
      const isHidden = isSecretKey(step) || (!this.#more.isEmpty && this.#more.fitsPath(inner))
      const made = isHidden ? this.#hide(one) : this.#masked(one, inner, known)
      isChanged ||= !Object.is(made, one)
      return made
    }
    if (Array.isArray(value)) {
      const made = value.map((one: unknown, key) => part(one, { kind: 'index', key }))
      return isChanged ? made : value
    }
    if (value instanceof Map) {
      const made = new Map([...value].map(([key, one]) => [key, part(one, { kind: 'map-key', key })]))
      return isChanged ? made : value
    }
    if (value instanceof Set) {
      const made = new Set([...value].map(key => part(key, { kind: 'member', key })))
      return isChanged ? made : value
    }
    if (kindOf(value) !== 'object') return value
    const entries = Object.entries(value).map(([key, one]) => [key, part(one, { kind: 'property', key })] as const)
    return isChanged ? Object.fromEntries(entries) : value
  }
}

function isSecretKey({ kind, key }: ValueStep): boolean {
  if (kind === 'index' || kind === 'member' || typeof key !== 'string') return false
  return saysSecret(key)
}

/** Rows have the same keys again and again. */
const answers = new Map<string, boolean>()
const mostAnswers = 4_096
const longestAnswered = 128

function saysSecret(key: string): boolean {
  const known = answers.get(key)
  if (known !== undefined) return known
  const plain = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const isSecret = secretAnywhere.test(plain) || secretAtEnd.test(plain)
  if (answers.size < mostAnswers && key.length <= longestAnswered) answers.set(key, isSecret)
  return isSecret
}
