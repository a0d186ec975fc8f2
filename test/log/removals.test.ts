import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Removal, removals } from './removals.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'waymark-removals-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')

const defaults = { seed: 1, states: 4_000, faultShare: 0.3 }

/** A copy of the sources without the step. */
function copyWithout(removal: Removal | undefined, name: string): string {
  const src = join(folder, name)
  for (const part of ['files', 'format', 'log', 'model', 'testing']) {
    cpSync(join(root, 'src', part), join(src, part), { recursive: true })
  }
  for (const { file, text, by } of removal?.edits ?? []) {
    const path = join(src, 'log', file)
    const parts = readFileSync(path, 'utf8').split(text)
    assert.equal(parts.length, 2, `${file} must hold this exactly once: ${text}`)
    writeFileSync(path, parts.join(by))
  }
  return src
}

interface Outcome {
  readonly message?: string
  readonly promise?: string
}

async function simulate(src: string, options: Partial<typeof defaults> = {}): Promise<Outcome> {
  const { seed, states, faultShare } = { ...defaults, ...options }
  const script = join(import.meta.dirname, 'simulate-copy.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, src, String(seed), String(states), String(faultShare)])
  return JSON.parse(stdout)
}

describe('every step of the protocol is needed', { concurrency: 2 }, () => {
  test('with all of them, no promise is broken', async () => {
    const src = copyWithout(undefined, 'whole')
    const withFaults = removals.flatMap(removal => removal.simulation ?? [])
    for (const options of [{}, ...withFaults]) assert.deepEqual(await simulate(src, { ...options, states: 500 }), {})
  })

  for (const [i, removal] of removals.entries()) {
    test(`step ${removal.step}, breaks a promise`, async () => {
      const { message, promise } = await simulate(copyWithout(removal, `without-${i}`), removal.simulation)
      assert.ok(
        removal.breaks.some(expected => expected === promise),
        `${promise}: ${message}`,
      )
      assert.match(message ?? '', /^seed \d+: broken promise .*--seed \d+$/)
    })
  }
})
