import type { Note } from './outline-notes.ts'
import type { WrittenTable } from './written-table.ts'

/** A part of a value that was encoded, and will not be encoded again while it is the same object. Compared by identity. */
export interface Subtree {
  /** Bytes of its encoding. */
  readonly length: number
  /** Where whoever stores the bytes keeps how to find them again. Set before the subtree is remembered. */
  chunks: unknown
}

/** With what is needed to put it in another place. */
export interface KnownSubtree {
  readonly subtree: Subtree
  /** How deep it lay: deeper than that it might nest too deeply. */
  readonly depth: number
  readonly note: Note | undefined
  /** Those within it. */
  readonly tables: SubtreeTables | undefined
}

export interface SubtreeTables {
  readonly tables: readonly WrittenTable[]
  /** Where the subtree was. */
  readonly path: string
  readonly start: number
}

/** Elements that followed one another in an array. Known by the first, which is an object. */
export interface KnownRun extends KnownSubtree {
  readonly elements: readonly unknown[]
}

/**
 * What is known of the objects that were encoded, as long as they live. For one store and one list of codecs: the same object must
 * always have the same encoding. Of a run, the first element keeps the others alive.
 */
export class KnownSubtrees {
  readonly #subtrees = new WeakMap<object, KnownSubtree>()
  readonly #runs = new WeakMap<object, KnownRun>()

  find(value: object, depth: number): KnownSubtree | undefined {
    const known = this.#subtrees.get(value)
    return known === undefined || depth > known.depth ? undefined : known
  }

  /** The run that begins with this element, if all of it follows here. */
  findRun(array: readonly unknown[], index: number, first: object, depth: number): KnownRun | undefined {
    const run = this.#runs.get(first)
    if (run === undefined || depth > run.depth || index + run.elements.length > array.length) return undefined
    for (let place = 0; place < run.elements.length; place++) {
      const element = array[index + place]
      if (!Object.is(element, run.elements[place])) return undefined
      if (element === undefined && Object.hasOwn(array, index + place) !== Object.hasOwn(run.elements, place)) return undefined
    }
    return run
  }

  remember(value: object, known: KnownSubtree): void {
    this.#subtrees.set(value, known)
  }

  rememberRun(first: object, run: KnownRun): void {
    this.#runs.set(first, run)
  }
}
