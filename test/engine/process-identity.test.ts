import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { identifyProcess, isOrphan, provenLiveness } from '../../src/engine/process-identity.ts'

const self = identifyProcess('self')

test('a living process is told from a dead one, and from a later one with its pid', {
  skip: process.platform !== 'linux',
}, () => {
  assert.equal(provenLiveness(identifyProcess('other'), self), 'alive')
  assert.equal(provenLiveness({ ...self, processStart: '1' }, self), 'dead')
  assert.equal(provenLiveness({ ...self, pid: 2 ** 22 + 1 }, self), 'dead')
})

test('of a process on another machine, in another boot or pid namespace, nothing is proven', () => {
  for (const other of [{ host: 'elsewhere' }, { bootId: 'another' }, { pidNamespace: 'pid:[1]' }]) {
    assert.equal(provenLiveness({ ...self, ...other, processStart: '1' }, self), 'unknown')
  }
})

test('who may open no more files takes nobody for dead', { skip: process.platform !== 'linux' }, () => {
  const script = fileURLToPath(new URL('./fixtures/too-many-files.ts', import.meta.url))
  const owner = { ...self, supervisor: { pid: process.pid, processStart: self.processStart } }
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--conditions=waymark-source', script, JSON.stringify(owner)],
    { encoding: 'utf8' },
  )
  assert.deepEqual(JSON.parse(stdout || stderr), { before: 'alive', opened: true, after: 'unknown', orphan: false })
  assert.equal(isOrphan({ ...self, supervisor: { pid: process.pid, processStart: '1' } }, self), true)
})
