import { Buffer } from 'node:buffer'
import { headLength, major } from './cbor-heads.ts'

/** Keys longer than this (in UTF-8 bytes) are not worth keeping. */
const longestKeptKey = 64
/** Together at most about a megabyte. */
const keptKeys = 4096
/** Objects with more keys are dictionaries: their keys do not repeat and are not kept. */
export const mostStoredKeys = 32
const largestIndex = 2 ** 32 - 2

/**
 * The two keys that last came at one place: the first key inside some object, or the one after some key. Objects of one kind repeat
 * their keys, so a guess followed by one comparison replaces looking every key up.
 */
export class KeyGuess {
  recent: StoredKey | undefined
  earlier: StoredKey | undefined

  /** Remembers the key that came. */
  learn(key: StoredKey): void {
    this.earlier = this.recent
    this.recent = key
  }
}

/** The name of a property as it stands in the bytes: head and UTF-8, in words of four bytes, which are quicker than single bytes. */
export class StoredKey {
  readonly text: string
  /** Bytes of head and text. */
  readonly length: number
  /** These bytes, most significant first, filled up with zeros. */
  readonly words: Int32Array
  /** The bits of the last word that belong to the key. */
  readonly lastMask: number
  /** See {@link arrayIndexOf}. */
  readonly arrayIndex: number
  /** See {@link isInherited}. */
  readonly isInherited: boolean
  /** The first key of an object under this key. */
  readonly inside = new KeyGuess()
  /** The key after this one. */
  readonly following = new KeyGuess()

  constructor(text: string) {
    const utf8 = Buffer.from(text)
    const head = headLength(utf8.length)
    const padded = Buffer.alloc((head + utf8.length + 3) & ~3)
    padded[0] = (major.text << 5) | (head === 1 ? utf8.length : 24)
    if (head === 2) padded[1] = utf8.length
    padded.set(utf8, head)
    this.text = internalized(text)
    this.length = head + utf8.length
    this.words = Int32Array.from({ length: padded.length / 4 }, (_, index) => padded.readInt32BE(index * 4))
    this.lastMask = -1 << ((padded.length - this.length) * 8)
    this.arrayIndex = arrayIndexOf(text)
    this.isInherited = isInherited(text)
  }
}

/**
 * Keys seen so far, shared by reading and writing. One generation is dropped whole when it is full, guesses included, so that the
 * memory is bounded whatever the keys are.
 */
export class StoredKeys {
  static #current = new StoredKeys()

  /** Whatever is written or read next starts from here. */
  static get current(): StoredKeys {
    if (StoredKeys.#current.#byText.size >= keptKeys) StoredKeys.#current = new StoredKeys()
    return StoredKeys.#current
  }

  /** Stands for the place of the value itself. */
  readonly root = new StoredKey('')
  readonly #byText = new Map<string, StoredKey>()

  private constructor() {}

  /** Undefined for keys that are not kept: too long, not in UTF-8, or one too many. */
  find(text: string): StoredKey | undefined {
    const known = this.#byText.get(text)
    if (known !== undefined || this.#byText.size >= keptKeys) return known
    if (text.length > longestKeptKey || !text.isWellFormed() || Buffer.byteLength(text) > longestKeptKey) return undefined
    const key = new StoredKey(text)
    this.#byText.set(key.text, key)
    return key
  }
}

/** The number if JavaScript treats this property name as an array index, which it lists before all other names; else -1. */
export function arrayIndexOf(name: string): number {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(name)) return -1
  const index = Number(name)
  return index <= largestIndex ? index : -1
}

/**
 * True for names that every plain object inherits, such as `__proto__` and `toString`: assigning these could call a setter, or fail
 * where the prototype is frozen; they must be defined.
 */
export function isInherited(name: string): boolean {
  return name in Object.prototype
}

/** The one copy of the string that V8 uses for property names, so that comparing and using it is a comparison of pointers. */
function internalized(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text
}
