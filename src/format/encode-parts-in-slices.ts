import type { Clock } from '../model/clock.ts'
import { CodecRegistry } from './codec.ts'
import { type EncodedParts, type EncodePartsOptions, encodeParts, partsOf } from './encode-parts.ts'
import { OutlineNotes } from './outline-notes.ts'
import { SteppedEncoder } from './stepped-encoder.ts'

export interface SliceOptions {
  /** Milliseconds after which others have their turn. Default 4. */
  readonly sliceMs?: number
  /** Gives others their turn: resolves when this is to go on. */
  readonly pause: () => Promise<void>
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** About 0.3 ms on a slow machine: what a slice may last longer, and twice as much as is written in vain for each large container. */
const stepSizes = { bytes: 32 * 1024, objects: 2_000 }
/** Asking for the time costs as much as a step or two. */
const stepsPerLook = 8

/**
 * {@link encodeParts}, the same bytes, in slices: the caller promises that nothing of the value changes until this resolves, and in
 * return the event loop is not held much longer than `sliceMs`, whatever the shape of the value. What cannot be divided is done in
 * one step: a long text (about 1 ms for a megabyte), a table (about 10 ms for a megabyte), a key of a Map, the list of the keys of one object (0.3 s for a
 * million), an Error, and what a codec stores for an instance. With `references: true` nothing is divided.
 *
 * What codecs store may be asked for twice.
 */
export async function encodePartsInSlices(
  value: unknown,
  options: EncodePartsOptions,
  slices: SliceOptions,
): Promise<EncodedParts> {
  if (options.references === true) return encodeParts(value, options)
  const { sliceMs = 4, pause, clock } = slices
  const notes = options.outline === true ? new OutlineNotes() : undefined
  const stepped = new SteppedEncoder(CodecRegistry.of(options.codecs), notes, stepSizes)
  try {
    let start = clock.monotonicMs()
    stepped.begin(value)
    while (stepped.advance(stepsPerLook, stepSizes.bytes)) {
      if (clock.monotonicMs() - start < sliceMs) continue
      await pause()
      start = clock.monotonicMs()
    }
    return partsOf(stepped.encoder, value, notes)
  } catch (error) {
    stepped.encoder.release()
    throw error
  }
}
