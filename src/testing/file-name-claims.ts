import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { anyCode, bytes, code, type FileSystemClaim, get, put, text } from './file-system-claim.ts'

/** What folders and names in them promise. */
export function fileNameClaims(claim: FileSystemClaim): void {
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
}
