import type { Difference } from './difference.ts'
import { PathPatterns } from './path-pattern.ts'
import { kindOf } from './value-kind.ts'
import type { ValueStep } from './value-step.ts'

/** What stands in the place of a secret. */
export const maskedText = '•••'

const secretAnywhere = /password|passphrase|passwd|secret|apikey|accesskey|privatekey|authorization|credential/
/** `tokens` and `maxTokens` are counts, and no secrets. */
const secretAtEnd = /(?:token|pwd|cookie|connectionstring)$/
const loginInUrl = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s@/]+@/gi
/** What lies deeper is hidden whole, for safety. */
const mostLevels = 400

/** Hides what looks like a secret by its key: `password`, `accessToken`, `client_secret`, `X-Api-Key`, `authorization` … and passwords in URLs. */
export class SecretMask {
  readonly #more: PathPatterns

  /** @param more paths, with wildcards, of what is hidden besides */
  constructor(more: readonly string[] = []) {
    this.#more = new PathPatterns(more)
  }

  /** The differences, with every secret in them replaced; that it differs is still told. */
  differences(differences: readonly Difference[]): Difference[] {
    return differences.map(one => this.#difference(one))
  }

  /** The value that stands at a place, itself where nothing in it is secret. */
  value(value: unknown, steps: readonly ValueStep[]): unknown {
    if (this.#isSecret(steps)) return maskedText
    return this.#masked(value, steps, new Map())
  }

  #difference(one: Difference): Difference {
    switch (one.kind) {
      case 'added':
      case 'moved':
        return { ...one, after: this.value(one.after, one.steps) }
      case 'removed':
        return { ...one, before: this.value(one.before, one.steps) }
      case 'changed':
        return { ...one, before: this.value(one.before, one.stepsBefore), after: this.value(one.after, one.steps) }
    }
  }

  #isSecret(steps: readonly ValueStep[]): boolean {
    return steps.some(step => isSecretKey(step)) || (!this.#more.isEmpty && this.#more.fitsPath(steps))
  }

  #masked(value: unknown, steps: readonly ValueStep[], known: Map<object, unknown>): unknown {
    if (typeof value === 'string') return value.includes('://') ? value.replaceAll(loginInUrl, `$1:${maskedText}@`) : value
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
      const made = isHidden ? maskedText : this.#masked(one, inner, known)
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
