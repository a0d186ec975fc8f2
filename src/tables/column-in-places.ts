import type { CanonicalColumn, VariableColumn } from './canonical-column.ts'
import type { ColumnSpace } from './column-space.ts'
import { byteWindow, copyBytes } from './copy-bytes.ts'
import { isLittleEndianMachine, littleEndianView } from './little-endian-view.ts'

/** Longer values are read where they lie: to wait for the first byte is little beside the rest. */
const longestCopied = 256

/**
 * The same column with row `r` at `places[r]`: where these are in buckets (`sort-keys.ts`), a bucket of it fits the processor's cache. It is read from its first to its last byte and written in as
 * many places at a time as there are buckets. To read the values in the order of the rows at once took two to four times as long, nearly all of it waiting for memory.
 */
export function columnInPlaces(column: CanonicalColumn, places: Uint32Array, space: ColumnSpace): CanonicalColumn {
  const present =
    column.present === undefined ? undefined : bytesInPlaces(column.present, 1, places, space.bytes('present', places.length))
  if (column.kind === 'fixed') return { ...column, present, bytes: fixedInPlaces(column.bytes, column.width, places, space) }
  const { offsets, index, bytes, rowCount } = column
  if (index === undefined && offsets instanceof Uint32Array && bytes.length <= longestCopied * rowCount)
    return { ...column, present, ...valuesInPlaces(bytes, offsets, places, space) }
  return { ...column, present, index: indexInPlaces(index, places, space.words('offsets', places.length)) }
}

function indexInPlaces(index: Uint32Array | undefined, places: Uint32Array, moved: Uint32Array): Uint32Array {
  for (let row = 0; row < places.length; row++) moved[places[row] ?? 0] = index === undefined ? row : (index[row] ?? 0)
  return moved
}

function fixedInPlaces(bytes: Uint8Array, width: number, places: Uint32Array, space: ColumnSpace): Uint8Array {
  if ((width !== 4 && width !== 8) || !isLittleEndianMachine)
    return bytesInPlaces(bytes, width, places, space.bytes('values', width * places.length))
  const words = littleEndianView(Uint32Array, bytes)
  const moved = space.words('values', (width / 4) * places.length)
  if (width === 8) movePairs(words, places, moved)
  else for (let row = 0; row < places.length; row++) moved[places[row] ?? 0] = words[row] ?? 0
  return new Uint8Array(moved.buffer, 0, moved.byteLength)
}

function movePairs(words: Uint32Array, places: Uint32Array, moved: Uint32Array): void {
  for (let row = 0; row < places.length; row++) {
    const at = 2 * (places[row] ?? 0)
    moved[at] = words[2 * row] ?? 0
    moved[at + 1] = words[2 * row + 1] ?? 0
  }
}

function bytesInPlaces(bytes: Uint8Array, width: number, places: Uint32Array, moved: Uint8Array): Uint8Array {
  if (width === 1) {
    for (let row = 0; row < places.length; row++) moved[places[row] ?? 0] = bytes[row] ?? 0
    return moved
  }
  for (let row = 0, from = 0; row < places.length; row++) {
    let at = width * (places[row] ?? 0)
    for (const end = from + width; from < end; from++, at++) moved[at] = bytes[from] ?? 0
  }
  return moved
}

function valuesInPlaces(
  bytes: Uint8Array,
  offsets: Uint32Array,
  places: Uint32Array,
  space: ColumnSpace,
): Pick<VariableColumn, 'bytes' | 'offsets'> {
  const starts = space.words('offsets', places.length + 1)
  starts[0] = 0
  for (let row = 0; row < places.length; row++) starts[(places[row] ?? 0) + 1] = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0)
  let total = 0
  for (let place = 1; place <= places.length; place++) starts[place] = total += starts[place] ?? 0
  const [source, moved] = [byteWindow(bytes), byteWindow(space.bytes('values', total))]
  let from = offsets[0] ?? 0
  for (let row = 0; row < places.length; row++) {
    const to = offsets[row + 1] ?? 0
    copyBytes(source, from, moved, starts[places[row] ?? 0] ?? 0, to - from)
    from = to
  }
  return { bytes: moved.bytes, offsets: starts }
}
