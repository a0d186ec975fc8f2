import { Buffer } from 'node:buffer'
import { longestBigIntBytes, magnitudeOfBytes } from './bigint-bytes.ts'
import type { ByteReader } from './byte-reader.ts'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { littleEndian, type TypedArrayKind, typedArrayKinds } from './typed-array-kinds.ts'
import { unreadableValue } from './unreadable-value.ts'

/** Reads the content of a tag. */
export type BuiltinReader = (input: ByteReader) => unknown

/** By tag, for the values that hold no others; `builtin-writers.ts` writes them. */
export const builtinReaders: ReadonlyMap<number, BuiltinReader> = new Map<number, BuiltinReader>([
  [cborTag.epochSeconds, readEpochSeconds],
  [cborTag.extendedTime, readExtendedTime],
  [cborTag.positiveBigInt, input => readMagnitude(input)],
  [cborTag.negativeBigInt, input => -1n - readMagnitude(input)],
  [cborTag.wtf8, input => input.wtf8()],
  [cborTag.regExp, readRegExp],
  [cborTag.url, readUrl],
  [cborTag.buffer, input => Buffer.from(input.bytes().buffer)],
  [cborTag.arrayBuffer, input => input.bytes().buffer],
  [cborTag.dataView, input => new DataView(input.bytes().buffer)],
  ...[...typedArrayKinds].map(([tag, kind]): [number, BuiltinReader] => [tag, input => readTypedArray(input, kind)]),
])

/** Farthest from 1970 that a Date can be. */
const mostMilliseconds = 8.64e15

function readEpochSeconds(input: ByteReader): Date {
  if (input.peek() === simple.float16) {
    if (!Number.isNaN(input.float(input.byte()))) throw input.damaged('a Date that is not a whole number of seconds')
    return new Date(Number.NaN)
  }
  return dateAt(input, input.integer() * 1000)
}

function readExtendedTime(input: ByteReader): Date {
  const hasForm = input.head(major.map, 'map') === 2 && input.integer() === 1
  const seconds = input.integer()
  if (!hasForm || input.integer() !== -3) throw input.damaged('a Date with other fields than seconds and milliseconds')
  const milliseconds = input.head(major.unsigned, 'milliseconds')
  if (milliseconds < 1 || milliseconds > 999) throw input.damaged('milliseconds that are not from 1 to 999')
  return dateAt(input, seconds * 1000 + milliseconds)
}

function dateAt(input: ByteReader, time: number): Date {
  if (Math.abs(time) > mostMilliseconds) throw input.damaged('a Date out of range')
  return new Date(time)
}

function readMagnitude(input: ByteReader): bigint {
  const bytes = input.bytes()
  if (bytes[0] === 0) throw input.damaged('a bigint with leading zeros')
  if (bytes.length > longestBigIntBytes) throw input.damaged('a bigint longer than there can be')
  return magnitudeOfBytes(bytes)
}

function readRegExp(input: ByteReader): RegExp {
  if (input.head(major.array, 'array') !== 2) throw input.damaged('a RegExp without source and flags')
  const source = input.string()
  const flags = input.string()
  const expression = compile(source, flags)
  if (expression.source !== source || expression.flags !== flags) throw input.damaged('a RegExp that is not in its own form')
  return expression
}

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    throw unreadableValue(
      `This version of Node cannot compile a stored regular expression: ${error instanceof Error ? error.message : error}.`,
      'Load it with the version of Node that saved it, or a newer one.',
      { source, flags },
    )
  }
}

function readUrl(input: ByteReader): URL {
  const href = input.string()
  const url = URL.parse(href)
  if (url?.href !== href) throw input.damaged('a URL that is none, or not in its own form')
  return url
}

function readTypedArray(input: ByteReader, kind: TypedArrayKind): ArrayBufferView {
  const bytes = input.bytes()
  if (bytes.length % kind.BYTES_PER_ELEMENT !== 0) throw input.damaged(`a ${kind.name} that ends within an element`)
  return new kind(littleEndian(bytes, kind.BYTES_PER_ELEMENT).buffer)
}
