import { ByteWriter } from './byte-writer.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'

/** An object that was written. */
interface Appearance {
  isShared: boolean
  /** Its number among the shared ones, once these are known. */
  number: number
}

/** A place in the bytes where an object begins, or where one would begin that was written before. */
interface Meeting {
  readonly position: number
  readonly object: Appearance
  readonly isFirst: boolean
}

/**
 * Which objects of a value are met more than once. That is known only at the end; so their tags (28 and 29) are put between the
 * bytes afterwards, instead of walking the value twice.
 */
export class SharedReferences {
  readonly #objects = new Map<object, Appearance>()
  /** In the order of writing, hence of position. */
  readonly #meetings: Meeting[] = []

  /** True if the object was written before; then nothing must be written for it now. */
  meet(value: object, position: number): boolean {
    const known = this.#objects.get(value)
    if (known !== undefined) {
      known.isShared = true
      this.#meetings.push({ position, object: known, isFirst: false })
      return true
    }
    const object = { isShared: false, number: -1 }
    this.#objects.set(value, object)
    this.#meetings.push({ position, object, isFirst: true })
    return false
  }

  /** The bytes with all tags in their places. */
  insertInto(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const shared = this.#meetings.filter(meeting => meeting.object.isShared)
    if (shared.length === 0) return bytes
    const out = new ByteWriter()
    try {
      let copied = 0
      let count = 0
      for (const { position, object, isFirst } of shared) {
        out.raw(bytes.subarray(copied, position))
        copied = position
        if (isFirst) {
          object.number = count++
          out.head(major.tag, cborTag.shareable)
        } else {
          out.head(major.tag, cborTag.reference)
          out.head(major.unsigned, object.number)
        }
      }
      out.raw(bytes.subarray(copied))
      return out.copy()
    } finally {
      out.release()
    }
  }
}
