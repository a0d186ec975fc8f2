/** Many byte strings as one message: to post each view by itself costs more than to hash it. */
export interface PostedBytes {
  /** Shared ones go as they are; what lies in other memory is copied into one buffer, because of an unshared view the whole buffer behind it would be copied. */
  readonly buffers: readonly (SharedArrayBuffer | ArrayBuffer)[]
  /** Buffer, offset and length of each. */
  readonly places: Uint32Array<ArrayBuffer>
}

export function postBytes(strings: readonly Uint8Array[]): PostedBytes {
  const buffers: (SharedArrayBuffer | ArrayBuffer)[] = []
  const places = new Uint32Array(strings.length * 3)
  const copied = new Uint8Array(strings.reduce((sum, bytes) => (isShared(bytes) ? sum : sum + bytes.length), 0))
  let copiedTo = 0
  let copiedAt = -1
  for (const [i, bytes] of strings.entries()) {
    let buffer: number
    let offset = bytes.byteOffset
    if (bytes.buffer instanceof SharedArrayBuffer) {
      buffer = buffers.lastIndexOf(bytes.buffer)
      if (buffer < 0) buffer = buffers.push(bytes.buffer) - 1
    } else {
      if (copiedAt < 0) copiedAt = buffers.push(copied.buffer) - 1
      copied.set(bytes, copiedTo)
      buffer = copiedAt
      offset = copiedTo
      copiedTo += bytes.length
    }
    places[i * 3] = buffer
    places[i * 3 + 1] = offset
    places[i * 3 + 2] = bytes.length
  }
  return { buffers, places }
}

export function postedBytes({ buffers, places }: PostedBytes): Uint8Array[] {
  const strings: Uint8Array[] = []
  for (let at = 0; at < places.length; at += 3) {
    const buffer = buffers[places[at] ?? 0]
    if (buffer !== undefined) strings.push(new Uint8Array(buffer, places[at + 1], places[at + 2]))
  }
  return strings
}

const isShared = (bytes: Uint8Array): boolean => bytes.buffer instanceof SharedArrayBuffer
