import { describe, test } from 'node:test'
import type { FileSystem } from '../files/file-system.ts'
import { fileContentClaims } from './file-content-claims.ts'
import { fileNameClaims } from './file-name-claims.ts'
import type { FileSystemClaim } from './file-system-claim.ts'

/** A file system to test, and an empty folder in it. */
export interface FileSystemUnderTest {
  readonly fs: FileSystem
  /** Absolute path of an empty folder that the test may fill. */
  readonly root: string
  /** Called after each test. */
  dispose(): Promise<void>
}

/**
 * Registers tests (node:test) of everything the port promises, apart from what only a power cut shows.
 *
 * @example
 * fileSystemSuite('my files', async () => ({ fs: myFiles, root: await mkdtemp('/tmp/my-'), dispose: async () => {} }))
 */
export function fileSystemSuite(name: string, make: () => Promise<FileSystemUnderTest>): void {
  const claim: FileSystemClaim = (text, body) => {
    test(text, async () => {
      const { fs, root, dispose } = await make()
      try {
        await body(fs, root)
      } finally {
        await dispose()
      }
    })
  }

  describe(`file system: ${name}`, () => {
    fileContentClaims(claim)
    fileNameClaims(claim)
  })
}
