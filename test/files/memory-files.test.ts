import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileErrorCode } from '../../src/files/file-system.ts'
import { memoryFiles } from '../../src/files/memory-files.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { readOnlyFiles } from '../../src/files/read-only-files.ts'
import { fileSystemSuite } from '../../src/testing/file-system-suite.ts'

fileSystemSuite('memory', async () => {
  // The disk below refuses everything, so that whatever reached it would fail.
  const fs = memoryFiles(readOnlyFiles(nodeFiles, '/'), '/nowhere/root')
  await fs.makeDirectory('/nowhere/root')
  return { fs, root: '/nowhere/root', dispose: async () => {} }
})

test('A12 what lies below the root of files in memory is not on the disk, and what is there is not seen; the rest is the disk', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-memory-'))
  t.after(() => rm(folder, { recursive: true }))
  const fs = memoryFiles(nodeFiles, `${folder}/store`)
  await nodeFiles.makeDirectory(`${folder}/store`)
  await writeFile(`${folder}/store/real`, 'of the disk')
  await fs.makeDirectory(`${folder}/store`)
  assert.deepEqual(await fs.list(`${folder}/store`), [])
  const inside = await fs.open(`${folder}/store/made`, 'create')
  const outside = await fs.open(`${folder}/beside`, 'create')
  await Promise.all([inside.close(), outside.close()])
  assert.deepEqual(await readdir(folder, { recursive: true }), ['beside', 'store', 'store/real'])
  for (const [from, to] of [
    ['store/made', 'other'],
    ['beside', 'store/other'],
  ])
    await assert.rejects(fs.rename(`${folder}/${from}`, `${folder}/${to}`), error => fileErrorCode(error) === 'EXDEV')
  await fs.remove(`${folder}/beside`)
  assert.deepEqual(await fs.list(`${folder}/store`), ['made'])
  assert.deepEqual(await readdir(folder, { recursive: true }), ['store', 'store/real'])
})
