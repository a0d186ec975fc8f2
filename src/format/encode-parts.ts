import { CodecRegistry } from './codec.ts'
import type { EncodeOptions } from './encode-value.ts'
import { type Outline, outlineOf } from './outline.ts'
import { OutlineNotes } from './outline-notes.ts'
import { ValueEncoder } from './value-encoder.ts'
import type { WrittenPiece } from './written-piece.ts'
import type { WrittenTable } from './written-table.ts'

export interface EncodePartsOptions extends EncodeOptions {
  /** Whether to note where the large parts of the value are, so that one can be read without the rest. Default false. */
  readonly outline?: boolean
}

/** A stretch of the encoding. The parts follow one another without gaps. */
export interface EncodedPart {
  /** `blob`: the content of one typed array, Buffer, ArrayBuffer or DataView of at least 64 KiB. `value`: all else. */
  readonly kind: 'value' | 'blob'
  /** Not empty; of a `blob` exactly one, which is a view on the memory of the caller. Those of a `value` lie in shared memory. */
  readonly pieces: readonly Uint8Array[]
  /** Where it begins in the encoding. */
  readonly offset: number
  readonly length: number
}

/** A value, encoded but not gathered in one place. */
export interface EncodedParts {
  readonly parts: readonly EncodedPart[]
  /** Bytes in all. */
  readonly length: number
  /** Undefined if it was not asked for, if references were, and for values that are short or hold nothing large. */
  readonly outline: Outline | undefined
  /** In the order of their bytes. Their facts must be asked for as long as the value is what it was. */
  readonly tables: readonly WrittenTable[]
  /** Gives the memory of the `value` parts back for the next value. No piece may be used afterwards, by nobody. */
  release(): void
}

/**
 * The bytes of {@link encodeValue}, without the copy that makes them one: parts in order, large binary leaves where they lie.
 * Those leaves must be copied or compared before anybody can change them, that is before the first await. Refuses what
 * `encodeValue` refuses. With `references: true` everything is one `value` part, because the bytes are rewritten at the end.
 */
export function encodeParts(value: unknown, options: EncodePartsOptions = {}): EncodedParts {
  const withReferences = options.references === true
  const notes = options.outline === true && !withReferences ? new OutlineNotes() : undefined
  const encoder = new ValueEncoder(CodecRegistry.of(options.codecs), withReferences, notes)
  try {
    encoder.encode(value)
    if (withReferences) {
      const bytes = encoder.copy()
      encoder.release()
      return encodedParts([{ bytes, isLeaf: false }], undefined, encoder.tables.written, () => {})
    }
    return partsOf(encoder, value, notes)
  } catch (error) {
    encoder.release()
    throw error
  }
}

/** What a writer holds. It is released with the parts. */
export function partsOf({ out, tables }: ValueEncoder, value: unknown, notes: OutlineNotes | undefined): EncodedParts {
  const outline = notes === undefined ? undefined : outlineOf(notes, value, out.position)
  return encodedParts(out.pieces(), outline, tables.written, () => out.release())
}

function encodedParts(
  written: readonly WrittenPiece[],
  outline: Outline | undefined,
  tables: readonly WrittenTable[],
  release: () => void,
): EncodedParts {
  const parts: EncodedPart[] = []
  const length = gatherParts(written, part => parts.push(part))
  return { parts, length, outline, tables, release: once(release) }
}

/**
 * Makes parts of pieces, in order. Returns the length of all.
 * @param onMarker gets what was inserted between the pieces, and where; returns the bytes it stands for
 */
export function gatherParts(
  written: readonly WrittenPiece[],
  onPart: (part: EncodedPart) => void,
  onMarker: (marker: object, offset: number) => number = () => 0,
): number {
  let offset = 0
  let pieces: Uint8Array[] = []
  let length = 0
  const endValue = () => {
    if (length > 0) onPart({ kind: 'value', pieces, offset, length })
    offset += length
    pieces = []
    length = 0
  }
  for (const { bytes, isLeaf, marker } of written) {
    if (marker !== undefined) {
      endValue()
      offset += onMarker(marker, offset)
    } else if (isLeaf) {
      endValue()
      onPart({ kind: 'blob', pieces: [bytes], offset, length: bytes.length })
      offset += bytes.length
    } else {
      pieces.push(bytes)
      length += bytes.length
    }
  }
  endValue()
  return offset
}

export function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) run()
    isDone = true
  }
}
