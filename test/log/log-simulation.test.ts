import assert from 'node:assert/strict'
import { simulateLog } from '../../src/testing/log-simulation.ts'
import { threadTest as test } from '../thread-test.ts'

test('rival processes, stops, kills, failing disks and power cuts break no promise of the log (R1, R7, X4)', async () => {
  const { states } = await simulateLog({ seed: 1_000_000, states: 800 })
  assert.ok(states >= 800)
})

test('a history is the same whenever its seed is given, so that a failure can be looked at', async () => {
  const seed = 2_000_000
  const reports = []
  for (const _ of [1, 2]) reports.push(await simulateLog({ seed, states: 60 }))
  assert.deepEqual(reports[0], reports[1])
  const { nextSeed, states } = reports[0] ?? assert.fail()
  const single = await simulateLog({ seed: nextSeed - 1, states: 1 })
  assert.equal(single.histories, 1)
  assert.ok(single.states <= states)
})
