import { WaymarkError } from '../model/errors.ts'
import { CodecRegistry } from './codec.ts'
import { type EncodedPart, type EncodePartsOptions, gatherParts, once } from './encode-parts.ts'
import type { KnownSubtrees, Subtree } from './known-subtrees.ts'
import { type Outline, outlineOf } from './outline.ts'
import { OutlineNotes } from './outline-notes.ts'
import { SteppedEncoder } from './stepped-encoder.ts'
import { rememberedBytes, SubtreeMarker, SubtreeMarkers } from './subtree-markers.ts'
import type { WrittenTable } from './written-table.ts'

/** `known`: bytes that are not here because they were encoded before. `begin` and `end`: around the parts of a new subtree. */
export interface SubtreePart {
  readonly kind: 'known' | 'begin' | 'end'
  readonly subtree: Subtree
  /** Where it is in the encoding. */
  readonly offset: number
  /** Bytes it stands for: 0 unless it is `known`. */
  readonly length: number
}

export type ReferencedPart = EncodedPart | SubtreePart

export interface ReferencedParts {
  /** In order. `begin` and `end` come in pairs, which nest; a `known` may stand within. */
  readonly parts: readonly ReferencedPart[]
  /** Bytes of the whole encoding, those of known subtrees included. */
  readonly length: number
  readonly outline: Outline | undefined
  /** Those of known subtrees included. */
  readonly tables: readonly WrittenTable[]
  /**
   * From now on the new subtrees are `known`. To be called once their bytes are stored and `chunks` of each is set; not at all if
   * they could not be stored.
   */
  remember(): void
  /** Gives the memory of the `value` parts back. */
  release(): void
}

/**
 * {@link encodeParts} for those who never change what they have saved, only replace it: the plain objects, arrays, Maps and Sets
 * that were remembered are not looked into, but named. So what is unchanged costs nothing, and of a changed state only the way down
 * to the change is encoded again, with the small parts beside it; of a changed array, some elements around the change. An object that was changed in place comes back as it was before.
 *
 * Which parts begin and end where depends on the value alone: on the lengths of its containers. `references: true` is `invalid`.
 */
export function encodePartsByReference(value: unknown, options: EncodePartsOptions, known: KnownSubtrees): ReferencedParts {
  if (options.references === true) throw notByReference()
  const notes = options.outline === true ? new OutlineNotes() : undefined
  const markers = new SubtreeMarkers(known, notes)
  const sizes = { bytes: rememberedBytes, objects: Number.MAX_SAFE_INTEGER }
  const stepped = new SteppedEncoder(CodecRegistry.of(options.codecs), notes, sizes, markers)
  const { encoder } = stepped
  try {
    stepped.begin(value)
    while (stepped.advance(Number.MAX_SAFE_INTEGER));
    const parts: ReferencedPart[] = []
    const outline = notes === undefined ? undefined : outlineOf(notes, value, encoder.out.position)
    const length = gatherParts(
      encoder.out.pieces().filter(({ marker }) => !(marker instanceof SubtreeMarker && marker.isVoid)),
      part => parts.push(part),
      (marker, offset) => {
        if (!(marker instanceof SubtreeMarker)) return 0
        const { kind, subtree } = marker
        parts.push({ kind, subtree, offset, length: marker.length })
        return marker.length
      },
    )
    const tables = encoder.tables.written
    return { parts, length, outline, tables, remember: once(() => markers.remember()), release: once(() => encoder.release()) }
  } catch (error) {
    encoder.release()
    throw error
  }
}

function notByReference(): WaymarkError {
  return new WaymarkError('invalid', {
    message: 'A value cannot be saved with references: true where unchanged parts are saved by reference.',
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Choose one of the two.',
  })
}
