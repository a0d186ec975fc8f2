import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { bytesOfMagnitude } from './bigint-bytes.ts'
import type { ByteWriter } from './byte-writer.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import type { Codec } from './codec.ts'
import { littleEndian, typedArrayTags } from './typed-array-kinds.ts'

/** Where a writer puts its bytes, and how it writes the values inside. */
export interface ItemSink {
  readonly out: ByteWriter
  write(value: unknown): void
  /** The map of the own enumerable properties of an object, as of a plain object. */
  writeProperties(value: object): void
  /** To be called after each entry of a Map. */
  wroteEntry(key: unknown): void
}

/** Writes an object with a certain prototype; false, with nothing written, if it only has the prototype and is not the real thing. */
export type BuiltinWriter = (value: object, sink: ItemSink) => boolean

/** By prototype. `builtin-readers.ts` reads what these write. */
export const builtinWriters: ReadonlyMap<object, BuiltinWriter> = new Map<object, BuiltinWriter>([
  [Date.prototype, writeDate],
  [Map.prototype, writeMap],
  [Set.prototype, writeSet],
  [RegExp.prototype, writeRegExp],
  [URL.prototype, writeUrl],
  [Uint8Array.prototype, (value, { out }) => writeView(out, value, undefined)],
  [Buffer.prototype, (value, { out }) => writeView(out, value, cborTag.buffer)],
  [DataView.prototype, (value, { out }) => writeView(out, value, cborTag.dataView)],
  [ArrayBuffer.prototype, writeArrayBuffer],
  ...[...typedArrayTags].map(([prototype, tag]): [object, BuiltinWriter] => [
    prototype,
    (value, { out }) => writeView(out, value, tag),
  ]),
])

/** Always with a tag, also where an integer would do: so that a bigint comes back as a bigint. */
export function writeBigInt(value: bigint, { out }: ItemSink): void {
  out.head(major.tag, value < 0n ? cborTag.negativeBigInt : cborTag.positiveBigInt)
  out.bytes(bytesOfMagnitude(value < 0n ? -1n - value : value))
}

export function writeRegistered(codec: Codec, value: object, sink: ItemSink): void {
  sink.out.head(major.tag, cborTag.registeredClass)
  sink.out.head(major.array, 2)
  sink.out.text(codec.tag)
  sink.write(codec.encode(value))
}

/** Whole seconds as tag 1, which every CBOR reader knows; others as seconds and milliseconds, because a float would not be exact. */
function writeDate(value: object, { out }: ItemSink): boolean {
  if (!types.isDate(value)) return false
  const time = value.getTime()
  const seconds = Math.floor(time / 1000)
  const milliseconds = time - seconds * 1000
  if (milliseconds > 0) {
    out.head(major.tag, cborTag.extendedTime)
    out.head(major.map, 2)
    out.number(1)
    out.number(seconds)
    out.number(-3)
    out.number(milliseconds)
  } else {
    out.head(major.tag, cborTag.epochSeconds)
    out.number(seconds)
  }
  return true
}

function writeMap(value: object, sink: ItemSink): boolean {
  if (!types.isMap(value)) return false
  sink.out.head(major.tag, cborTag.map)
  const { size } = value
  sink.out.head(major.map, size)
  let count = 0
  for (const [key, item] of value) {
    sink.write(key)
    sink.write(item)
    sink.wroteEntry(key)
    count++
  }
  checkCount(count, size)
  return true
}

function writeSet(value: object, sink: ItemSink): boolean {
  if (!types.isSet(value)) return false
  sink.out.head(major.tag, cborTag.set)
  const { size } = value
  sink.out.head(major.array, size)
  let count = 0
  for (const element of value) {
    sink.write(element)
    count++
  }
  checkCount(count, size)
  return true
}

/** Code of the user runs in between (codecs, proxies). */
export function checkCount(written: number, announced: number): void {
  if (written !== announced) throw new Error('it changed while it was written')
}

function writeRegExp(value: object, { out }: ItemSink): boolean {
  if (!types.isRegExp(value)) return false
  out.head(major.tag, cborTag.regExp)
  out.head(major.array, 2)
  out.text(value.source)
  out.text(value.flags)
  return true
}

function writeUrl(value: object, { out }: ItemSink): boolean {
  if (!(value instanceof URL)) return false
  const { href } = value
  out.head(major.tag, cborTag.url)
  out.text(href)
  return true
}

function writeArrayBuffer(value: object, { out }: ItemSink): boolean {
  if (!types.isArrayBuffer(value)) return false
  out.head(major.tag, cborTag.arrayBuffer)
  out.leaf(new Uint8Array(value))
  return true
}

function writeView(out: ByteWriter, value: object, tag: number | undefined): boolean {
  if (!ArrayBuffer.isView(value)) return false
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (tag !== undefined) out.head(major.tag, tag)
  out.leaf(littleEndian(bytes, elementBytesOf(value)))
  return true
}

function elementBytesOf(view: ArrayBufferView): number {
  return 'BYTES_PER_ELEMENT' in view && typeof view.BYTES_PER_ELEMENT === 'number' ? view.BYTES_PER_ELEMENT : 1
}
