import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type DamagePlan, flips, kindOf, swaps, truncations, zeroes } from './trial/damage-plans.ts'
import { DamageTrial, smallStore, storeIn, type WholeStore } from './trial/damage-trial.ts'

/** Of the bytes in the middle of a file. All with WAYMARK_EVERY_DAMAGE=1. */
const share = process.env['WAYMARK_EVERY_DAMAGE'] === '1' ? 1 : 0.004

function* plansFor({ files }: WholeStore): Iterable<DamagePlan> {
  const random = seededRandom(1)
  for (const [path, bytes] of files.files) {
    if (path.endsWith('.gitignore')) continue
    const isLog = ['segments', 'claims', 'descriptor'].includes(kindOf(path))
    yield* flips(path, bytes, isLog ? share * 8 : share, random)
    yield* truncations(path, bytes, isLog ? share * 8 : share, random)
    if (bytes.length < 32_768 || share === 1) yield* zeroes(path, bytes)
    else for (const plan of zeroes(path, bytes)) if (random.bool(0.3)) yield plan
  }
  yield* swaps(files.files)
}

async function tryAll(t: TestContext, store: WholeStore, catalog: 'kept' | 'built anew'): Promise<void> {
  const trial = new DamageTrial(store, catalog)
  const verdicts = new Map<string, number>()
  for (const plan of plansFor(store)) {
    const verdict = await trial.judge(plan)
    const key = `${kindOf(plan.damages[0]?.path ?? '')} ${verdict}`
    verdicts.set(key, (verdicts.get(key) ?? 0) + 1)
  }
  t.diagnostic(JSON.stringify([...verdicts].sort()))
  for (const kind of ['segments corrupt', 'pack corrupt']) assert.ok([...verdicts.keys()].includes(kind), `${kind} never came up`)
}

describe('[X7 A15] a damaged store gives what was saved, or says that it is damaged: never anything wrong, never anything older in silence', () => {
  for (const catalog of ['built anew', 'kept'] as const) {
    test(`closed, its catalog ${catalog}`, async t => tryAll(t, await smallStore(true), catalog))
    test(`of format 1.0, its catalog ${catalog}`, async t => tryAll(t, await storeIn(join(import.meta.dirname, '../format/golden/store-1.0')), catalog))
  }
  test('killed, its catalog kept', async t => tryAll(t, await smallStore(false), 'kept'))
})
