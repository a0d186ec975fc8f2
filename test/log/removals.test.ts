import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Edit, runEdited } from '../run-edited.ts'
import { removals } from './removals.ts'

const defaults = { seed: 1, states: 4_000, faultShare: 0.3 }

interface Outcome {
  readonly message?: string
  readonly promise?: string
}

const script = join(import.meta.dirname, 'simulate-edited.ts')

function simulate(edits: readonly Edit[], options: Partial<typeof defaults> = {}): Promise<Outcome> {
  const { seed, states, faultShare } = { ...defaults, ...options }
  return runEdited<Outcome>(edits, script, String(seed), String(states), String(faultShare))
}

describe('every step of the protocol is needed', { concurrency: 2 }, () => {
  test('with all of them, no promise is broken', async () => {
    const withFaults = removals.flatMap(removal => removal.simulation ?? [])
    for (const options of [{}, ...withFaults]) assert.deepEqual(await simulate([], { ...options, states: 500 }), {})
  })

  for (const removal of removals) {
    test(`step ${removal.step}, breaks a promise`, async () => {
      const { message, promise } = await simulate(removal.edits, removal.simulation)
      assert.ok(
        removal.breaks.some(expected => expected === promise),
        `${promise}: ${message}`,
      )
      assert.match(message ?? '', /^seed \d+: broken promise .*--seed \d+$/)
    })
  }
})
