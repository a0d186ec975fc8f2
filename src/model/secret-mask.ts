import { maskedText } from './hidden-texts.ts'
import { PathPatterns } from './path-pattern.ts'
import { kindOf } from './value-kind.ts'
import type { ValueStep } from './value-step.ts'

const secretAnywhere = /password|passphrase|passwd|secret|apikey|accesskey|privatekey|authorization|credential/
/** `tokens` and `maxTokens` are counts, and no secrets. */
const secretAtEnd = /(?:token|pwd|cookie|connectionstring)$/
const loginInUrl = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):([^\s@/]+)@/gi
/** What lies deeper is hidden whole, for safety. */
const mostLevels = 400

/** Hides what looks like a secret by its key: `password`, `accessToken`, `client_secret`, `X-Api-Key`, `authorization` … and passwords in URLs. */
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

  #hide(value: unknown): typeof maskedText {
    this.#onHidden?.(value)
    return maskedText
  }

  #withoutLogins(text: string): string {
    return text.replaceAll(loginInUrl, (_, before: string, password: string) => {
      this.#onHidden?.(password)
      return `${before}:${maskedText}@`
    })
  }

  #isSecret(steps: readonly ValueStep[]): boolean {
    return steps.some(step => isSecretKey(step)) || (!this.#more.isEmpty && this.#more.fitsPath(steps))
  }

  #masked(value: unknown, steps: readonly ValueStep[], known: Map<object, unknown>): unknown {
    if (typeof value === 'string') return value.includes('://') ? this.#withoutLogins(value) : value
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
  const plain = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  return secretAnywhere.test(plain) || secretAtEnd.test(plain)
}
