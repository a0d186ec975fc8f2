import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FileSystem } from '../files/file-system.ts'
import { fileErrorCode } from '../files/file-system.ts'

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
  const claim = (text: string, body: (fs: FileSystem, root: string) => Promise<void>): void => {
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
    describe('open', () => {
      claim('of twenty racing creates exactly one wins, the others get EEXIST', async (fs, root) => {
        const path = `${root}/claim`
        const results = await Promise.allSettled(Array.from({ length: 20 }, () => fs.open(path, 'create')))
        const won = results.filter(result => result.status === 'fulfilled')
        const lost = results.filter(result => result.status === 'rejected')
        assert.equal(won.length, 1)
        assert.deepEqual(
          lost.map(result => fileErrorCode(result.reason)),
          Array(19).fill('EEXIST'),
        )
        for (const { value } of won) await value.close()
      })

      claim('a create never touches what has the name already', async (fs, root) => {
        await put(fs, `${root}/a`, 'kept')
        await fs.makeDirectory(`${root}/folder`)
        await assert.rejects(fs.open(`${root}/a`, 'create'), code('EEXIST'))
        await assert.rejects(fs.open(`${root}/folder`, 'create'), code('EEXIST'))
        assert.equal(await get(fs, `${root}/a`), 'kept')
      })

      claim('a created file can be written and read', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.write(bytes('hello'), 0)
        assert.equal(text(await file.read(0, 5)), 'hello')
        await file.close()
      })

      claim('a missing file is ENOENT for reading and for writing, and is not made', async (fs, root) => {
        await assert.rejects(fs.open(`${root}/a`, 'read'), code('ENOENT'))
        await assert.rejects(fs.open(`${root}/a`, 'write'), code('ENOENT'))
        await assert.rejects(fs.open(`${root}/missing/a`, 'create'), code('ENOENT'))
        assert.deepEqual(await fs.list(root), [])
      })

      claim('opening for writing keeps the content and can read it', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const file = await fs.open(`${root}/a`, 'write')
        await file.write(bytes('J'), 0)
        assert.equal(text(await file.read(0, 100)), 'Jello')
        await file.close()
      })

      claim('a file opened for reading cannot be changed', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const file = await fs.open(`${root}/a`, 'read')
        await assert.rejects(file.write(bytes('J'), 0), anyCode)
        await assert.rejects(file.truncate(0), anyCode)
        await file.close()
        assert.equal(await get(fs, `${root}/a`), 'hello')
      })
    })

    describe('bytes', () => {
      claim('a read is shorter only at the end, and empty beyond it', async (fs, root) => {
        await put(fs, `${root}/a`, '0123456789')
        const file = await fs.open(`${root}/a`, 'read')
        assert.equal(text(await file.read(2, 4)), '2345')
        assert.equal(text(await file.read(7, 100)), '789')
        assert.equal((await file.read(10, 1)).length, 0)
        assert.equal((await file.read(1000, 10)).length, 0)
        assert.equal((await file.read(3, 0)).length, 0)
        await file.close()
      })

      claim('a read of far more than there is returns what there is', async (fs, root) => {
        await put(fs, `${root}/a`, '0123456789')
        const file = await fs.open(`${root}/a`, 'read')
        assert.equal(text(await file.read(4, 2 ** 46)), '456789')
        assert.equal((await file.read(100, 2 ** 46)).length, 0)
        await file.close()
      })

      claim('the result of a read is the caller’s own', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const file = await fs.open(`${root}/a`, 'read')
        const first = await file.read(0, 5)
        first.fill(0)
        assert.equal(text(await file.read(0, 5)), 'hello')
        await file.close()
      })

      claim('bytes of every size come back as they were written', async (fs, root) => {
        for (const size of [0, 1, 511, 4096, 4097, 65_536, 65_537, 262_144, 262_145, 3_000_001]) {
          const path = `${root}/${size}`
          const written = pattern(size)
          const file = await fs.open(path, 'create')
          await file.write(written, 0)
          assert.equal((await file.stat()).size, size)
          assert.ok(Buffer.from(await file.read(0, size + 1)).equals(written), `${size} bytes`)
          await file.close()
        }
      })

      claim('a view into a larger buffer is written alone', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.write(bytes('xxhelloxx').subarray(2, 7), 0)
        assert.equal(text(await file.read(0, 100)), 'hello')
        await file.close()
      })

      claim('a write beyond the end leaves zeros between', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.write(bytes('a'), 0)
        await file.write(bytes('b'), 5000)
        const all = await file.read(0, 6000)
        assert.equal(all.length, 5001)
        assert.deepEqual(
          all.subarray(1, 5000).findIndex(byte => byte !== 0),
          -1,
        )
        assert.equal(all[5000], 'b'.charCodeAt(0))
        await file.close()
      })

      claim('concurrent writes at different places all arrive', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        const pieces = [100, 70_000, 300_000, 50, 2_000_000, 1]
        let end = 0
        const whole = pattern(pieces.reduce((a, b) => a + b))
        await Promise.all(
          pieces.map(size => {
            const position = end
            end += size
            return file.write(whole.subarray(position, end), position)
          }),
        )
        assert.ok(Buffer.from(await file.read(0, end)).equals(whole))
        await file.close()
      })

      claim('truncate cuts, and extends with zeros even where there were bytes before', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.write(pattern(9000), 0)
        await file.truncate(5)
        assert.equal((await file.stat()).size, 5)
        await file.truncate(9000)
        const all = await file.read(0, 10_000)
        assert.equal(all.length, 9000)
        assert.ok(Buffer.from(all.subarray(0, 5)).equals(pattern(5)))
        assert.ok(all.subarray(5).every(byte => byte === 0))
        await file.close()
      })

      claim('a sync after every write changes nothing that is read', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        for (let n = 0; n < 10; n++) {
          await file.write(bytes(`${n}`), n)
          await file.sync()
        }
        assert.equal(text(await file.read(0, 100)), '0123456789')
        await file.close()
      })
    })

    describe('close', () => {
      claim('may be called twice', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.close()
        await file.close()
      })

      claim('a closed file refuses everything with EBADF', async (fs, root) => {
        const file = await fs.open(`${root}/a`, 'create')
        await file.close()
        const calls = [
          () => file.write(bytes('x'), 0),
          () => file.read(0, 1),
          () => file.sync(),
          () => file.truncate(0),
          () => file.stat(),
        ]
        for (const call of calls) await assert.rejects(call(), code('EBADF'))
      })

      claim('waits for what is under way, so that no other file opened meanwhile gets it', async (fs, root) => {
        const content = pattern(2_000_000)
        const file = await fs.open(`${root}/a`, 'create')
        const writing = file.write(content, 0)
        const closing = file.close()
        const other = await fs.open(`${root}/b`, 'create')
        await Promise.all([writing, closing])
        assert.equal((await other.stat()).size, 0)
        await other.close()
        assert.equal((await fs.stat(`${root}/a`))?.size, content.length)
      })
    })

    describe('names', () => {
      claim('makeDirectory makes parents, and is content with what exists', async (fs, root) => {
        await fs.makeDirectory(`${root}/a/b/c`)
        await fs.makeDirectory(`${root}/a/b/c`)
        await fs.makeDirectory(`${root}/a/b`)
        assert.deepEqual(await fs.list(`${root}/a`), ['b'])
        assert.equal((await fs.stat(`${root}/a/b/c`))?.kind, 'directory')
      })

      claim('realPath gives a path without links as it is, whether it exists or not', async (fs, root) => {
        const real = await fs.realPath(root)
        await put(fs, `${root}/a`, 'file')
        for (const name of ['a', 'missing']) assert.equal(await fs.realPath(`${root}/${name}`), `${real}/${name}`)
        assert.match(await fs.realPath(`${root}/missing/deeper`), /\/missing\/deeper$/)
      })

      claim('makeDirectory refuses where a file is in the way', async (fs, root) => {
        await put(fs, `${root}/a`, 'file')
        await assert.rejects(fs.makeDirectory(`${root}/a`), code('EEXIST'))
        await assert.rejects(fs.makeDirectory(`${root}/a/b`), anyCode)
        assert.equal(await get(fs, `${root}/a`), 'file')
      })

      claim('list is complete and sorted as JavaScript sorts, and a missing folder is ENOENT', async (fs, root) => {
        for (const name of ['b', 'a.10', 'Z', '～', 'a.9', '😀', 'ä', '.hidden']) await put(fs, `${root}/${name}`, name)
        await fs.makeDirectory(`${root}/folder`)
        assert.deepEqual(await fs.list(root), ['.hidden', 'Z', 'a.10', 'a.9', 'b', 'folder', 'ä', '😀', '～'])
        await assert.rejects(fs.list(`${root}/missing`), code('ENOENT'))
        await assert.rejects(fs.list(`${root}/b`), code('ENOTDIR'))
      })

      claim('stat and exists tell files, folders and nothing apart', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const file = await fs.stat(`${root}/a`)
        assert.equal(file?.kind, 'file')
        assert.equal(file?.size, 5)
        assert.equal((await fs.stat(root))?.kind, 'directory')
        assert.equal(await fs.stat(`${root}/missing`), undefined)
        assert.equal(await fs.stat(`${root}/missing/deeper`), undefined)
        assert.equal(await fs.stat(`${root}/a/below-a-file`), undefined)
        assert.equal(await fs.exists(`${root}/a`), true)
        assert.equal(await fs.exists(root), true)
        assert.equal(await fs.exists(`${root}/missing`), false)
        assert.equal(await fs.exists(`${root}/a/below-a-file`), false)
      })

      claim('remove takes the name away, and resolves if there is none', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await fs.remove(`${root}/a`)
        assert.equal(await fs.exists(`${root}/a`), false)
        await fs.remove(`${root}/a`)
        await fs.remove(`${root}/missing/a`)
      })

      claim('remove does not remove folders', async (fs, root) => {
        await fs.makeDirectory(`${root}/folder`)
        await assert.rejects(fs.remove(`${root}/folder`), anyCode)
        assert.equal(await fs.exists(`${root}/folder`), true)
      })

      claim('a removed name can be created again', async (fs, root) => {
        await put(fs, `${root}/a`, 'first')
        await fs.remove(`${root}/a`)
        await put(fs, `${root}/a`, 'second')
        assert.equal(await get(fs, `${root}/a`), 'second')
      })

      claim('an open file outlives its name', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const file = await fs.open(`${root}/a`, 'read')
        await fs.remove(`${root}/a`)
        assert.equal(text(await file.read(0, 5)), 'hello')
        await file.close()
      })

      claim('syncDirectory accepts a folder, and a missing one is ENOENT', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await fs.syncDirectory(root)
        await assert.rejects(fs.syncDirectory(`${root}/missing`), code('ENOENT'))
        await assert.rejects(fs.syncDirectory(`${root}/a`), code('ENOTDIR'))
      })
    })

    describe('rename', () => {
      claim('moves a file, also to another folder', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await fs.makeDirectory(`${root}/folder`)
        await fs.rename(`${root}/a`, `${root}/folder/b`)
        assert.deepEqual(await fs.list(root), ['folder'])
        assert.equal(await get(fs, `${root}/folder/b`), 'hello')
      })

      claim('replaces what has the name; a reader of the old file keeps it', async (fs, root) => {
        await put(fs, `${root}/a`, 'old')
        await put(fs, `${root}/a.tmp`, 'new')
        const reader = await fs.open(`${root}/a`, 'read')
        await fs.rename(`${root}/a.tmp`, `${root}/a`)
        assert.equal(text(await reader.read(0, 3)), 'old')
        await reader.close()
        assert.equal(await get(fs, `${root}/a`), 'new')
        assert.deepEqual(await fs.list(root), ['a'])
      })

      claim('readers see the old file or the new one, and never none', async (fs, root) => {
        await put(fs, `${root}/a`, 'version 0')
        let writing = true
        const seen = new Set<string>()
        const reader = async () => {
          while (writing) {
            seen.add(await get(fs, `${root}/a`))
            assert.equal(await fs.exists(`${root}/a`), true)
            await setImmediate()
          }
        }
        const writer = async () => {
          for (let version = 1; version <= 50; version++) {
            await put(fs, `${root}/a.tmp`, `version ${version}`)
            await fs.rename(`${root}/a.tmp`, `${root}/a`)
          }
        }
        await Promise.all([writer().finally(() => (writing = false)), reader(), reader()])
        for (const content of seen) assert.match(content, /^version \d+$/)
      })

      claim('a missing source or target folder is ENOENT and changes nothing', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await assert.rejects(fs.rename(`${root}/missing`, `${root}/a`), code('ENOENT'))
        await assert.rejects(fs.rename(`${root}/a`, `${root}/missing/a`), code('ENOENT'))
        assert.equal(await get(fs, `${root}/a`), 'hello')
      })

      claim('onto itself does nothing', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await fs.rename(`${root}/a`, `${root}/a`)
        assert.equal(await get(fs, `${root}/a`), 'hello')
      })

      claim('does not replace a folder by a file', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        await fs.makeDirectory(`${root}/folder`)
        await assert.rejects(fs.rename(`${root}/a`, `${root}/folder`), anyCode)
        assert.equal(await get(fs, `${root}/a`), 'hello')
      })
    })

    describe('identity', () => {
      claim('stays with a file through writing, renaming and reopening', async (fs, root) => {
        await put(fs, `${root}/a`, 'hello')
        const before = (await fs.stat(`${root}/a`))?.identity
        await fs.rename(`${root}/a`, `${root}/b`)
        const file = await fs.open(`${root}/b`, 'write')
        await file.write(bytes('more'), 5)
        assert.equal((await file.stat()).identity, before)
        await file.close()
        assert.equal((await fs.stat(`${root}/b`))?.identity, before)
      })

      claim('changes when another file is renamed over the name, while the open file keeps its own', async (fs, root) => {
        await put(fs, `${root}/a`, 'old')
        const open = await fs.open(`${root}/a`, 'read')
        const before = (await open.stat()).identity
        await put(fs, `${root}/a.tmp`, 'new')
        await fs.rename(`${root}/a.tmp`, `${root}/a`)
        assert.notEqual((await fs.stat(`${root}/a`))?.identity, before)
        assert.equal((await open.stat()).identity, before)
        await open.close()
      })
    })
  })
}

async function put(fs: FileSystem, path: string, content: string): Promise<void> {
  const file = await fs.open(path, 'create')
  await file.write(bytes(content), 0)
  await file.close()
}

async function get(fs: FileSystem, path: string): Promise<string> {
  const file = await fs.open(path, 'read')
  try {
    return text(await file.read(0, 1000))
  } finally {
    await file.close()
  }
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}

/** Bytes that do not repeat within a page, so that a piece in the wrong place shows. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >>> 8) * 7 + (index >>> 16)) & 0xff)
}

function code(expected: string): (error: unknown) => boolean {
  return error => {
    assert.equal(fileErrorCode(error), expected, String(error))
    return true
  }
}

function anyCode(error: unknown): boolean {
  assert.notEqual(fileErrorCode(error), undefined, String(error))
  return true
}
