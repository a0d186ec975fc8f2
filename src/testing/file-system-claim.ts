import assert from 'node:assert/strict'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'

/** Registers a test of one promise of the port, on an empty folder. */
export type FileSystemClaim = (text: string, body: (fs: FileSystem, root: string) => Promise<void>) => void

export async function put(fs: FileSystem, path: string, content: string): Promise<void> {
  const file = await fs.open(path, 'create')
  await file.write(bytes(content), 0)
  await file.close()
}

export async function get(fs: FileSystem, path: string): Promise<string> {
  const file = await fs.open(path, 'read')
  try {
    return text(await file.read(0, 1000))
  } finally {
    await file.close()
  }
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}

/** Bytes that do not repeat within a page, so that a piece in the wrong place shows. */
export function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >>> 8) * 7 + (index >>> 16)) & 0xff)
}

export function code(expected: string): (error: unknown) => boolean {
  return error => {
    assert.equal(fileErrorCode(error), expected, String(error))
    return true
  }
}

export function anyCode(error: unknown): boolean {
  assert.notEqual(fileErrorCode(error), undefined, String(error))
  return true
}
