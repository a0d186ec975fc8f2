import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ScratchFile } from '../../src/engine/scratch-file.ts'
import { fileError } from '../../src/files/file-error.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { systemRandom } from '../../src/model/clock.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

test('A1 what waits in a scratch is there again wherever it is asked for, has no name in any folder, and is nowhere to be read', async () => {
  const path = mkdtempSync(join(tmpdir(), 'waymark-scratch-'))
  const written: Uint8Array[] = []
  const files: FileSystem = {
    ...nodeFiles,
    open: async (name, mode) => {
      const file = await nodeFiles.open(name, mode)
      const write = (bytes: Uint8Array, position: number): Promise<void> => {
        written.push(bytes.slice())
        return file.write(bytes, position)
      }
      return { ...file, write, read: (position, length) => file.read(position, length), close: () => file.close() }
    },
  }
  const scratch = new ScratchFile({ files, path, random: systemRandom }, 1_000)
  try {
    const secret = 'the salaries of everybody '
    const all = Buffer.from(secret.repeat(150_000))
    for (let from = 0, length = 1; from < all.length; from += length, length = (length * 7) % 300_007)
      assert.equal(await scratch.append(all.subarray(from, Math.min(all.length, from + length))), from)
    assert.ok(written.length > 0)
    for (const [from, length] of [
      [0, 1],
      [5, 40],
      [1_048_570, 100],
      [17, 2_000_000],
      [all.length - 3, 3],
      [all.length, 0],
    ] as const)
      assert.ok(all.subarray(from, from + length).equals(await scratch.read(from, length)), `${length} bytes at ${from}`)
    assert.deepEqual(readdirSync(path), [])
    assert.ok(written.every(bytes => !Buffer.from(bytes).includes(secret)))
  } finally {
    await scratch.close()
    rmSync(path, { recursive: true, force: true })
  }
})

test('A1 a scratch that finds no room says disk_full, not what the file system said; after its signal it takes and gives nothing more', async () => {
  const path = mkdtempSync(join(tmpdir(), 'waymark-scratch-'))
  const files: FileSystem = {
    ...nodeFiles,
    open: async (name, mode) => {
      const file = await nodeFiles.open(name, mode)
      return { ...file, close: () => file.close(), write: () => Promise.reject(fileError('ENOSPC', 'write', name)) }
    },
  }
  const over = new AbortController()
  const scratch = new ScratchFile({ files, path, random: systemRandom }, 1_000, over.signal)
  try {
    await scratch.append(new Uint8Array(1_000_000))
    await assert.rejects(
      scratch.append(new Uint8Array(1_000_000)),
      error => isWaymarkError(error, 'disk_full') && /not saved/.test(error.means) && /Free some space/.test(error.remedy),
    )
    const reason = new Error('told to stop')
    over.abort(reason)
    await assert.rejects(scratch.append(new Uint8Array(1)), error => error === reason)
    await assert.rejects(scratch.read(0, 1), error => error === reason)
  } finally {
    await scratch.close()
    rmSync(path, { recursive: true, force: true })
  }
})
