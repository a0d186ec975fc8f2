import { WaymarkError } from '../model/errors.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'

/** A file inside a stream of files. */
export interface StoredFile {
  /** Relative, parts joined by `/`. */
  readonly name: string
  /** Bytes from the start of the stream. */
  readonly offset: number
  readonly length: number
}

/** Bytes at the end of a stream of files that say where the table begins. */
export const fileTableEndBytes = 8

/** What follows the contents of the files: the table, CBOR `[[name, length] …]` in the order of the contents, and the place where it begins, u64. */
export function encodeFileTable(files: readonly StoredFile[], offset: number): Uint8Array {
  const table = encodeValue(files.map(({ name, length }) => [name, length]))
  const end = Buffer.alloc(fileTableEndBytes)
  end.writeBigUInt64LE(BigInt(offset), 0)
  return Buffer.concat([table, end])
}

/** Where the table of a stream of `length` bytes begins, from the stream's last bytes. */
export function fileTableOffset(end: Uint8Array, length: number): number {
  const offset = Buffer.from(end.buffer, end.byteOffset, end.byteLength).readBigUInt64LE(0)
  if (offset > BigInt(length - fileTableEndBytes)) throw damagedTable('it begins behind its end')
  return Number(offset)
}

/**
 * The files, from the bytes of the table without its end. Names that lead out of the folder they are restored to are refused.
 *
 * @throws WaymarkError `corrupt`
 */
export function decodeFileTable(bytes: Uint8Array, offset: number): readonly StoredFile[] {
  const table = decodeValue(bytes)
  if (!Array.isArray(table)) throw damagedTable('it is no list')
  let at = 0
  const files = table.map((entry: unknown): StoredFile => {
    const [name, length]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof name !== 'string' || !isInside(name)) throw damagedTable('a name leads elsewhere')
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) throw damagedTable('a length is none')
    const file = { name, offset: at, length }
    at += length
    return file
  })
  if (new Set(files.map(file => file.name)).size < files.length) throw damagedTable('two files have one name')
  if (at !== offset) throw damagedTable('the files have another length')
  return files
}

/** Whether a name stays in the folder it is put into. On Windows a backslash divides too, and a colon leads to another drive or into a stream. */
function isInside(name: string): boolean {
  const forbidden = process.platform === 'win32' ? /[\\:\0]/ : /\0/
  return name.split('/').every(part => part !== '' && part !== '.' && part !== '..' && !forbidden.test(part))
}

function damagedTable(how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the list of files of a checkpoint is damaged: ${how}`,
    means: 'Its files cannot be restored; nothing was written.',
    remedy: 'Restore an older checkpoint of the same stage.',
  })
}
