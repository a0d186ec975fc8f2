import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { simulateChunks } from '../../src/testing/chunk-simulation.ts'
import { runEdited } from '../run-edited.ts'
import { type ChunkRemoval, chunkRemovals } from './trial/chunk-removals.ts'

interface Outcome {
  readonly message?: string
  readonly promise?: string
}

function simulateWithout({ edits, scenario, again = 0.08 }: ChunkRemoval): Promise<Outcome> {
  const script = join(import.meta.dirname, 'trial/simulate-chunks.ts')
  return runEdited<Outcome>(edits, script, '1', '2000', '0.5', String(again), scenario)
}

test('[X2 X7] a power cut after any operation of any save loses no checkpoint, damages none, and the next save stands on what is left', async () => {
  const { states } = await simulateChunks({ seed: 1, states: 400, share: 0.08 })
  assert.ok(states >= 400)
})

describe('every step on the way to an acknowledged checkpoint is needed (R2)', { concurrency: 2 }, () => {
  for (const removal of chunkRemovals) {
    test(`${removal.step}: without that, a promise breaks`, async () => {
      const { message, promise } = await simulateWithout(removal)
      assert.ok(
        removal.breaks.some(expected => expected === promise),
        `${promise}: ${message}`,
      )
      assert.match(message ?? '', /^seed \d+, .*--seed \d+$/s)
    })
  }
})
