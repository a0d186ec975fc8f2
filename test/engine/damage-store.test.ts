import assert from 'node:assert/strict'
import { join } from 'node:path'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type Diagnose, threadSuite as describe, threadTest as test } from '../thread-test.ts'
import { type DamagePlan, flips, kindOf, swaps, truncations, zeroes } from './trial/damage-plans.ts'
import { DamageTrial, smallStore, storeIn, type WholeStore } from './trial/damage-trial.ts'

const everywhere = process.env['WAYMARK_EVERY_DAMAGE'] === '1'

/** All that is not payload lies near the ends of a pack; payload is tried here and there, or with WAYMARK_EVERY_DAMAGE=1 everywhere, which takes an hour. */
function* plansFor({ files }: WholeStore, edge: number): Iterable<DamagePlan> {
  const random = seededRandom(1)
  const seen = new Set<string>()
  for (const [path, bytes] of files.files) {
    if (path.endsWith('.gitignore')) continue
    const kind = kindOf(path)
    const isLog = ['segments', 'claims', 'descriptor'].includes(kind)
    // The second of its kind is like the first.
    const wide = seen.has(kind) || kind === 'par' ? 16 : edge
    seen.add(kind)
    const share = everywhere ? 1 : isLog ? 0.005 : 0.0002
    yield* flips(path, bytes, { edge: wide, share, random })
    yield* truncations(path, bytes, { edge: 12, share, random })
    for (const plan of zeroes(path, bytes)) if (isLog || everywhere || random.bool(0.05)) yield plan
  }
  yield* swaps(files.files)
}

async function tryAll(diagnose: Diagnose, store: WholeStore, catalog: 'kept' | 'built anew', edge: number): Promise<void> {
  const trial = new DamageTrial(store, catalog)
  const verdicts = new Map<string, number>()
  for (const plan of plansFor(store, edge)) {
    const verdict = await trial.judge(plan)
    const key = `${kindOf(plan.damages[0]?.path ?? '')} ${verdict}`
    verdicts.set(key, (verdicts.get(key) ?? 0) + 1)
  }
  diagnose(JSON.stringify([...verdicts].sort()))
  for (const kind of ['segments noticed', 'pack corrupt']) assert.ok([...verdicts.keys()].includes(kind), `${kind} never came up`)
}

describe('[X7 A15] a damaged store gives what was saved, or says that it is damaged: never anything wrong, never anything older in silence', () => {
  for (const catalog of ['built anew', 'kept'] as const) {
    test(`closed, its catalog ${catalog}`, async diagnose =>
      tryAll(diagnose, await smallStore(true), catalog, catalog === 'kept' ? 300 : 24))
    test(`of format 1.0, its catalog ${catalog}`, async diagnose =>
      tryAll(diagnose, await storeIn(join(import.meta.dirname, '../format/golden/store-1.0')), catalog, 24))
  }
  test('killed, its catalog kept', async diagnose => tryAll(diagnose, await smallStore(false), 'kept', 24))
})
