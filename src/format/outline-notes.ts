/** A part of the value whose encoding is at least this long is noted, so that a reader can go past it, or straight to it. */
export const notedBytes = 4 * 1024
/** Positions of elements are noted about this far apart. */
const markEveryBytes = 16 * 1024
/** More marks of one array are thinned out. */
export const mostMarks = 256
/** Most keys of the value itself that are listed. */
export const mostRootKeys = 1_000

/** A container that was written. */
export interface Note {
  /** Where its bytes begin, tags included, in all that was written. */
  readonly start: number
  readonly length: number
  /** Its key, where it is known and a string. */
  key: string | undefined
  /** Flat: index of an element and where it begins, counted from the beginning of the container. */
  readonly marks: readonly number[]
  /** The noted containers inside, in order. Their `start` is that of when they were written. */
  readonly children: readonly NotedChild[]
}

export interface NotedChild {
  readonly note: Note
  /** Where it begins, counted from the beginning of the container around it. */
  readonly at: number
}

/** Gathers, while a value is written, where its large parts are. Nothing is looked up; memory is a few hundred bytes per 4 KiB. */
export class OutlineNotes {
  /** What was noted last, until it was given its key. */
  latest: Note | undefined
  /** Where each entry of the value itself ends; only the first {@link mostRootKeys} and one. */
  readonly rootEnds: number[] = []
  /** Not yet in a container that was noted. */
  readonly #open: Note[] = []
  #marks: ArrayMarks | undefined

  /** A container ended. Those inside it were noted before. */
  add(start: number, length: number, key: string | undefined): void {
    this.adopt({ start, length, key, marks: this.#takeMarks(start), children: this.#childrenFrom(start) })
  }

  /** A container that was written before stands here again. */
  adopt(note: Note): void {
    this.#open.push(note)
    this.latest = note
  }

  /** The container whose elements these are is noted next, if it is long enough. */
  addMarks(marks: ArrayMarks): void {
    this.#marks = marks
  }

  /** What was written from here on was taken back. */
  dropFrom(start: number): void {
    while ((this.#open.at(-1)?.start ?? -1) >= start) this.#open.pop()
    this.latest = undefined
    this.#marks = undefined
  }

  /** The whole value: the last that was noted, if it starts at 0. */
  whole(): Note | undefined {
    return this.#open.length === 1 && this.#open[0]?.start === 0 ? this.#open[0] : undefined
  }

  #childrenFrom(start: number): NotedChild[] {
    const open = this.#open
    let first = open.length
    while (first > 0 && (open[first - 1]?.start ?? -1) >= start) first--
    return open.splice(first).map(note => ({ note, at: note.start - start }))
  }

  #takeMarks(start: number): readonly number[] {
    const marks = this.#marks
    this.#marks = undefined
    return marks?.start === start ? marks.found : []
  }
}

/** The positions of some elements of one array. */
export class ArrayMarks {
  readonly start: number
  found: number[] = []
  #everyBytes = markEveryBytes
  /** Elements until the position is looked at again: looking costs as much as writing a number. */
  #step = 8
  #marked: number
  #looked: number

  constructor(start: number) {
    this.start = start
    this.#marked = start
    this.#looked = start
  }

  /** Element `index` begins at `position`. Returns the index to look at next. */
  look(index: number, position: number): number {
    const passed = position - this.#looked
    this.#looked = position
    if (passed < notedBytes / 4) this.#step = Math.min(64, this.#step * 2)
    else if (passed > notedBytes) this.#step = Math.max(1, this.#step >> 2)
    if (position - this.#marked >= this.#everyBytes) {
      this.#marked = position
      this.found.push(index, position - this.start)
      if (this.found.length >= 4 * mostMarks) {
        this.found = thinned(this.found)
        this.#everyBytes *= 2
      }
    }
    return index + this.#step
  }
}

/** Every second mark. */
export function thinned(marks: readonly number[]): number[] {
  return marks.filter((_, place) => place % 4 >= 2)
}

/** The key under which a child was probably written, if that is so. */
export function guessedKey(parent: object | undefined, key: string, child: object): string | undefined {
  if (parent === undefined || Array.isArray(parent)) return undefined
  return Object.getOwnPropertyDescriptor(parent, key)?.value === child ? key : undefined
}
