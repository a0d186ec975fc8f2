import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const compiler = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))

test('pipelines are typed without casts, and what must not compile does not', () => {
  const result = spawnSync(compiler, ['-p', folder], { encoding: 'utf8' })
  assert.equal(result.stdout, '')
  assert.equal(result.status, 0)
})
