const noBytes = new ArrayBuffer(0)

/** Memory for one column after the other: to take it anew for each cost as much as the copying. */
export class ColumnSpace {
  readonly #buffers: Record<'values' | 'offsets' | 'present', ArrayBuffer> = {
    values: noBytes,
    offsets: noBytes,
    present: noBytes,
  }

  /** Whatever it held before. */
  bytes(part: 'values' | 'present', count: number): Uint8Array {
    return new Uint8Array(this.#atLeast(part, count), 0, count)
  }

  words(part: 'values' | 'offsets', count: number): Uint32Array {
    return new Uint32Array(this.#atLeast(part, 4 * count), 0, count)
  }

  #atLeast(part: 'values' | 'offsets' | 'present', byteCount: number): ArrayBuffer {
    if (this.#buffers[part].byteLength < byteCount) this.#buffers[part] = new ArrayBuffer(byteCount)
    return this.#buffers[part]
  }
}
