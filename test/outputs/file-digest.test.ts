import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { fileDigest } from '../../src/outputs/file-digest.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('B5 the digest of an input is the SHA-256 of its bytes, whatever its size', async context => {
  const folder = await temporaryFolder(context)
  for (const bytes of [0, 1, 1_048_575, 1_048_576, 1_048_577, 3_000_000]) {
    const content = randomBytes(bytes)
    await writeFile(`${folder}/in`, content)
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    assert.deepEqual(await fileDigest(nodeFiles, `${folder}/in`), { digest, bytes })
  }
})

test('a digest of a missing file is not_found, of a folder invalid, and stops with the signal', async context => {
  const folder = await temporaryFolder(context)
  await assert.rejects(fileDigest(nodeFiles, `${folder}/nope`), error => isWaymarkError(error, 'not_found'))
  await assert.rejects(fileDigest(nodeFiles, folder), error => isWaymarkError(error, 'invalid'))
  await writeFile(`${folder}/in`, 'x')
  const reason = new Error('enough')
  await assert.rejects(fileDigest(nodeFiles, `${folder}/in`, { signal: AbortSignal.abort(reason) }), error => error === reason)
})
