import assert from 'node:assert/strict'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { type DamagePlan, flips, kindOf, swaps, truncations, zeroes } from '../engine/trial/damage-plans.ts'
import { DamageTrial, rekeyedStore, smallStore, type TrialCatalog, type WholeStore } from '../engine/trial/damage-trial.ts'
import { type Diagnose, threadSuite as describe, threadTest as test } from '../thread-test.ts'
import { givenKey } from './given-key.ts'

const everywhere = process.env['WAYMARK_EVERY_DAMAGE'] === '1'

/** Near the ends of each file, and here and there; with WAYMARK_EVERY_DAMAGE=1 everywhere. */
function* plansFor({ files }: WholeStore, edge: number): Iterable<DamagePlan> {
  const random = seededRandom(1)
  const seen = new Set<string>()
  for (const [path, bytes] of files.files) {
    if (path.endsWith('.gitignore')) continue
    const kind = kindOf(path)
    const wide = seen.has(kind) || kind === 'par' ? 16 : edge
    seen.add(kind)
    const share = everywhere ? 1 : kind === 'segments' || kind === 'json' ? 0.01 : 0.0001
    yield* flips(path, bytes, { edge: wide, share, random })
    yield* truncations(path, bytes, { edge: 8, share, random })
    for (const plan of zeroes(path, bytes)) if (everywhere || random.bool(0.05)) yield plan
  }
  yield* swaps(files.files)
}

/** What is sealed as a file in a segment of plain times, at the ends of each and a few hundred places between them. All else is as in a store sealed from birth. */
function* segmentPlans({ files }: WholeStore): Iterable<DamagePlan> {
  const random = seededRandom(2)
  for (const [path, bytes] of files.files) {
    if (kindOf(path) !== 'segments') continue
    yield* flips(path, bytes, { edge: everywhere ? bytes.length : 6, share: 0.0003, random })
    yield* truncations(path, bytes, { edge: everywhere ? bytes.length : 3, share: 0.0003, random })
  }
}

async function tryAll(diagnose: Diagnose, store: WholeStore, catalog: TrialCatalog, plans: Iterable<DamagePlan>) {
  const trial = new DamageTrial(store, catalog)
  const verdicts = new Map<string, number>()
  for (const plan of plans) {
    const key = `${kindOf(plan.damages[0]?.path ?? '')} ${await trial.judge(plan)}`
    verdicts.set(key, (verdicts.get(key) ?? 0) + 1)
  }
  diagnose(JSON.stringify([...verdicts].sort()))
  assert.ok(verdicts.has('segments noticed'))
  return verdicts
}

describe('E6 [X7 A15] a damaged sealed store gives what was saved, or says that it is damaged: never anything wrong, never anything older in silence', () => {
  for (const [catalog, edge] of [
    ['built anew', 16],
    ['kept', 96],
    ['from its image', 16],
  ] as const)
    test(`its catalog ${catalog}`, async diagnose => {
      const store = await smallStore(true, givenKey(7))
      const verdicts = await tryAll(diagnose, store, catalog, plansFor(store, edge))
      for (const kind of ['pack corrupt', 'json refused']) assert.ok(verdicts.has(kind), `${kind} never came up`)
    })
  for (const catalog of ['built anew', 'from its image'] as const)
    test(`plain once and sealed anew, its catalog ${catalog}`, async diagnose => {
      const store = await rekeyedStore(givenKey(7))
      await tryAll(diagnose, store, catalog, segmentPlans(store))
    })
})
