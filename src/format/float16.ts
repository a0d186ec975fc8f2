const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/** The IEEE 754 half that is exactly `value`, as 16 bits, or -1 if there is none. NaN has none here: it has one fixed form of its own. */
export function exactHalfBits(value: number): number {
  single[0] = value
  if (single[0] !== value) return -1
  const bits = singleBits[0] ?? 0
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  if (exponent >= 113 && exponent <= 142) {
    return (fraction & 0x1fff) === 0 ? sign | ((exponent - 112) << 10) | (fraction >>> 13) : -1
  }
  if (exponent === 0xff) return sign | 0x7c00
  if (exponent === 0) return fraction === 0 ? sign : -1
  // Subnormal halves: a multiple of 2^-24 below 2^-14.
  if (exponent < 103 || exponent > 112) return -1
  const dropped = 126 - exponent
  const full = fraction | 0x800000
  return (full & ((1 << dropped) - 1)) === 0 ? sign | (full >>> dropped) : -1
}

/** The number that 16 bits of IEEE 754 half stand for. */
export function halfFromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
