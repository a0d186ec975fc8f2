import { Buffer } from 'node:buffer'

/** Bytes compared word by word before whole blocks are: with many edits, the next one is near. */
const nearBytes = 256
/** Bytes of a call to `compare`: 20 GB/s, but only says that they differ, not where. */
const blockBytes = 4096

/** Two runs of bytes, seen as what is fastest to compare: words for what is near, Buffers for the rest. Views on shared memory too. */
export class CommonBytes {
  readonly target: DataView
  readonly base: DataView
  readonly #targetBuffer: Buffer
  readonly #baseBuffer: Buffer

  constructor(target: Uint8Array, base: Uint8Array) {
    this.target = new DataView(target.buffer, target.byteOffset, target.byteLength)
    this.base = new DataView(base.buffer, base.byteOffset, base.byteLength)
    this.#targetBuffer = Buffer.from(target.buffer, target.byteOffset, target.byteLength)
    this.#baseBuffer = Buffer.from(base.buffer, base.byteOffset, base.byteLength)
  }

  /** How many bytes are equal from these places on; at most `most`, which lies within both. */
  forwards(target: number, base: number, most: number): number {
    const near = this.#words(target, base, 0, Math.min(most, nearBytes))
    if (near < nearBytes) return near
    let count = near
    while (count + blockBytes <= most) {
      const [from, other] = [target + count, base + count]
      if (this.#targetBuffer.compare(this.#baseBuffer, other, other + blockBytes, from, from + blockBytes) !== 0) break
      count += blockBytes
    }
    return this.#words(target, base, count, most)
  }

  /** How many bytes are equal before these places; at most `most`. */
  backwards(target: number, base: number, most: number): number {
    let count = 0
    while (count + blockBytes <= most) {
      const [end, other] = [target - count, base - count]
      if (this.#targetBuffer.compare(this.#baseBuffer, other - blockBytes, other, end - blockBytes, end) !== 0) break
      count += blockBytes
    }
    for (; count + 4 <= most; count += 4) {
      if (this.target.getInt32(target - count - 4) !== this.base.getInt32(base - count - 4)) break
    }
    while (count < most && this.target.getUint8(target - count - 1) === this.base.getUint8(base - count - 1)) count++
    return count
  }

  /** {@link forwards} from `done` on, in words: 16 bytes a step, because the branch is dearer than the comparing. */
  #words(targetFrom: number, baseFrom: number, done: number, most: number): number {
    const { target, base } = this
    let count = done
    for (; count + 16 <= most; count += 16) {
      const [at, other] = [targetFrom + count, baseFrom + count]
      const first = (target.getInt32(at) ^ base.getInt32(other)) | (target.getInt32(at + 4) ^ base.getInt32(other + 4))
      const second = (target.getInt32(at + 8) ^ base.getInt32(other + 8)) | (target.getInt32(at + 12) ^ base.getInt32(other + 12))
      if ((first | second) !== 0) break
    }
    for (; count + 4 <= most; count += 4) {
      if (target.getInt32(targetFrom + count) !== base.getInt32(baseFrom + count)) break
    }
    while (count < most && target.getUint8(targetFrom + count) === base.getUint8(baseFrom + count)) count++
    return count
  }
}
