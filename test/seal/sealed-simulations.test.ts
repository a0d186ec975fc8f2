import assert from 'node:assert/strict'
import type { FileSystem } from '../../src/files/file-system.ts'
import { threadTest as test } from '../thread-test.ts'

// Read when the simulations are loaded, and by each store that they open.
process.env['WAYMARK_TEST_SEALED'] = '1'
process.env['WAYMARK_TEST_KEY'] = '5a01'.repeat(16)
process.env['WAYMARK_KEY'] = 'variable:WAYMARK_TEST_KEY'
const { sealsOfTests } = await import('../../src/testing/sealed-by-tests.ts')
const { simulateLog } = await import('../../src/testing/log-simulation.ts')
const { simulateStore } = await import('../../src/testing/store-simulation.ts')
const { simulateChunks } = await import('../../src/testing/chunk-simulation.ts')

test('E6 X4 rival processes, kills, failing disks and power cuts break no promise of a sealed log', async () => {
  assert.ok(sealsOfTests)
  const { states } = await simulateLog({ seed: 3_000_000, states: 150 })
  assert.ok(states >= 150)
})

test('E6 X2 X3 a power cut at any operation of a sealed store loses nothing acknowledged, and the run goes on to the same end', async () => {
  let sealed = 0
  const wrap = (files: FileSystem): FileSystem => ({
    ...files,
    open: (path, mode, permissions) => {
      if (path.includes('/keys/ring.') && mode === 'read') sealed++
      return files.open(path, mode, permissions)
    },
  })
  assert.equal(await simulateStore({ seed: 3, states: 40, wrap }), 40)
  assert.ok(sealed >= 40, `${sealed} rings were read`)
})

test('E6 X2 a power cut at any operation of a save of chunks into a sealed store breaks no promise', async () => {
  const { states } = await simulateChunks({ seed: 5, states: 60, share: 0.1 })
  assert.ok(states >= 60)
})
