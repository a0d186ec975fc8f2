import assert from 'node:assert/strict'
import {
  batchHeadLength,
  decodeRecord,
  headerLength,
  headerMagic,
  payloadOffset,
  sealedWith,
} from '../../src/log/segment-format.ts'
import { nonceLength } from '../../src/seal/file-keys.ts'
import { decodeSealedHeader, sealedBlockLength, sealedHeaderLength } from '../../src/seal/sealed-blocks.ts'

/** A piece that was sealed by itself, as it stands in a file. */
export interface SealedPiece {
  /** The same for two pieces if they were sealed with the same keys. */
  readonly keys: string
  readonly nonce: string
  readonly bytes: string
}

/** Every piece of a file of a sealed store. */
export function* sealedPieces(file: Buffer): Iterable<SealedPiece> {
  const header = decodeSealedHeader(file.subarray(0, sealedHeaderLength))
  if (header !== undefined) {
    const keys = `file ${header.keyId} ${header.salt.toString('hex')}`
    assert.ok(header.blockLength)
    const step = sealedBlockLength(header.blockLength)
    for (let at = sealedHeaderLength; at < file.length; at += step) yield piece(keys, file.subarray(at, at + step))
  } else if (file.subarray(0, headerMagic.length).equals(headerMagic)) {
    const keys = `segment ${sealedWith(file)} ${file.toString('latin1', 16, 42)}`
    for (let at = headerLength; at + batchHeadLength <= file.length; ) {
      const end = at + batchHeadLength + file.readUInt32LE(at + 32)
      yield* piecesOfRecords(keys, file.subarray(at + batchHeadLength, end))
      at = end
    }
  }
}

function* piecesOfRecords(keys: string, body: Buffer): Iterable<SealedPiece> {
  for (let at = 0; at + 4 <= body.length; ) {
    const end = at + body.readUInt32LE(at)
    const bytes = body.subarray(at, end)
    const record = decodeRecord(bytes)
    // What a kill left unfinished.
    if (record === undefined) return
    const payload = bytes.subarray(payloadOffset(record.stream))
    if (record.kind === 'data') yield piece(keys, payload)
    else {
      const headEnd = 2 + payload.readUInt16LE(0)
      yield piece(keys, payload.subarray(2, headEnd))
      yield* piecesOfRecords(keys, payload.subarray(headEnd))
    }
    at = end
  }
}

const piece = (keys: string, bytes: Buffer): SealedPiece => ({
  keys,
  nonce: bytes.toString('hex', 0, nonceLength),
  bytes: bytes.toString('hex'),
})

/** Notes pieces, and finds two with the same keys and nonce that are not the same. */
export class NoncesSeen {
  readonly #pieces = new Map<string, string>()
  readonly #keys = new Map<string, Set<string>>()
  readonly reused: SealedPiece[] = []

  add(file: Buffer, from: string): void {
    for (const found of sealedPieces(file)) {
      const { keys, nonce, bytes } = found
      const name = `${keys} ${nonce}`
      const before = this.#pieces.get(name)
      if (before !== undefined && before !== bytes) this.reused.push(found)
      this.#pieces.set(name, bytes)
      this.#keys.set(keys, (this.#keys.get(keys) ?? new Set()).add(from))
    }
  }

  get pieces(): number {
    return this.#pieces.size
  }

  /** How many keys sealed files in more than one place. */
  get shared(): number {
    return [...this.#keys.values()].filter(places => places.size > 1).length
  }
}
