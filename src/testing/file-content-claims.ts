import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { fileErrorCode } from '../files/file-system.ts'
import { anyCode, bytes, code, type FileSystemClaim, get, pattern, put, text } from './file-system-claim.ts'

/** What an open file promises. */
export function fileContentClaims(claim: FileSystemClaim): void {
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
}
