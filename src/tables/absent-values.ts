import { presentUndefined } from './column-plan.ts'

/** Which values of a column are not there: null, undefined, or missing. */
export class AbsentValues {
  count = 0
  validity: Uint8Array | undefined
  undefineds: Uint8Array | undefined
  readonly #length: number

  constructor(length: number) {
    this.#length = length
  }

  note(index: number, value: unknown): void {
    this.count++
    this.validity ??= allSet(this.#length)
    this.validity[index >> 3] = (this.validity[index >> 3] ?? 0) & ~(1 << (index & 7))
    if (value !== presentUndefined) return
    this.undefineds ??= new Uint8Array((this.#length + 7) >> 3)
    this.undefineds[index >> 3] = (this.undefineds[index >> 3] ?? 0) | (1 << (index & 7))
  }
}

function allSet(length: number): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3).fill(0xff)
  const last = length & 7
  if (last > 0) bits[bits.length - 1] = (1 << last) - 1
  return bits
}
