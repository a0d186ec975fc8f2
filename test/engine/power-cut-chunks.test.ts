import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { simulateChunks } from '../../src/testing/chunk-simulation.ts'
import { type ChunkRemoval, chunkRemovals } from './trial/chunk-removals.ts'
import { editedSources } from './trial/edited-sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-chunk-removals-'))
after(() => rmSync(folder, { recursive: true }))

interface Outcome {
  readonly message?: string
  readonly promise?: string
}

async function simulateWithout(name: string, { edits, scenario, again = 0.08 }: ChunkRemoval): Promise<Outcome> {
  const own = join(folder, name)
  mkdirSync(own)
  const src = editedSources(own, edits)
  const script = join(import.meta.dirname, 'trial/simulate-chunks.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, src, '1', '2000', '0.5', String(again), scenario])
  return JSON.parse(stdout)
}

test('[X2 X7] a power cut after any operation of any save loses no checkpoint, damages none, and the next save stands on what is left', async () => {
  const { states } = await simulateChunks({ seed: 1, states: 400, share: 0.08 })
  assert.ok(states >= 400)
})

describe('every step on the way to an acknowledged checkpoint is needed (R2)', { concurrency: 2 }, () => {
  for (const [i, removal] of chunkRemovals.entries()) {
    test(`${removal.step}: without that, a promise breaks`, async () => {
      const { message, promise } = await simulateWithout(`without-${i}`, removal)
      assert.ok(
        removal.breaks.some(expected => expected === promise),
        `${promise}: ${message}`,
      )
      assert.match(message ?? '', /^seed \d+, .*--seed \d+$/s)
    })
  }
})
