import assert from 'node:assert/strict'
import { kindOf } from '../engine/trial/damage-plans.ts'
import { type Mended, mend, type SealedStore, sealedStore } from '../engine/trial/repair-trial.ts'
import { type Diagnose, threadSuite as describe, threadTest as test } from '../thread-test.ts'
import { givenKey } from './given-key.ts'

const sealedHeader = 64
const sealedBlock = 16_384 + 28

interface Plan {
  readonly path: string
  readonly how: string
  readonly bytes: Uint8Array | undefined
}

const isInBlocks = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString('latin1', 0, 8) === 'waymksld'

/** Each segment, the pack and the image of the catalog: flipped in its header, in each block or somewhere, and at its end; cut in its header, to a header, at the end of a block and in the middle; missing. */
function* plansFor({ files }: SealedStore, kinds: readonly string[]): Iterable<Plan> {
  for (const [path, bytes] of files) {
    const kind = kindOf(path)
    if (!kinds.includes(kind)) continue
    const isSegment = kind === 'segments' && isInBlocks(bytes)
    const count = isSegment ? Math.ceil(bytes.length / sealedBlock) : 1
    const blocks = Array.from({ length: count }, (_, n) => sealedHeader + n * sealedBlock + 400)
    for (const at of isSegment ? [3, 20, ...blocks, bytes.length - 1] : [20, ...blocks, 964]) {
      if (at >= bytes.length) continue
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      yield { path, how: `byte ${at} of ${path} flipped`, bytes: flipped }
    }
    const cuts = [92, Math.floor(bytes.length / 2)]
    for (const length of isSegment ? [20, 70, ...cuts, sealedHeader + sealedBlock, bytes.length - 5] : cuts)
      if (length < bytes.length) yield { path, how: `${path} cut at ${length}`, bytes: bytes.subarray(0, length) }
    // Without the image nothing says what else there was, and nothing is damaged.
    if (kind !== 'sealed') yield { path, how: `${path} missing`, bytes: undefined }
  }
}

async function tryAll(diagnose: Diagnose, store: SealedStore, kinds: readonly string[]): Promise<readonly (Mended & Plan)[]> {
  const outcomes: (Mended & Plan)[] = []
  for (const plan of plansFor(store, kinds)) {
    try {
      outcomes.push({ ...plan, ...(await mend(store, plan.path, plan.bytes)) })
    } catch (error) {
      throw new Error(`${plan.how}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
  const counts = Map.groupBy(outcomes, ({ path, lost, run }) => `${kindOf(path)} ${lost > 0 ? 'lost' : 'nothing lost'} ${run}`)
  diagnose(JSON.stringify([...counts].map(([key, all]) => [key, all.length])))
  return outcomes
}

describe('E6 A15 a damaged sealed store: verify names what is lost, a repair leaves it intact but for that, its run goes on or says why not, and a rekey completes', () => {
  test('sealed from birth', async diagnose => {
    const outcomes = await tryAll(diagnose, await sealedStore(givenKey(7), false), ['segments', 'pack', 'sealed'])
    assert.ok(outcomes.some(({ lost, run }) => lost > 0 && run === 'went on'))
  })

  test('plain once, sealed and sealed anew', async diagnose => {
    const store = await sealedStore(givenKey(7), true)
    const outcomes = await tryAll(diagnose, store, ['segments'])
    const inBlocks = [...store.files].filter(([, bytes]) => isInBlocks(bytes)).map(([path]) => path)
    for (const { path, how, isNoticed } of outcomes) assert.ok(isNoticed || !inBlocks.includes(path), `${how}: nobody noticed`)
    const [, large] = [...store.files.keys()].filter(path => kindOf(path) === 'segments')
    // One block of five holds two or three of ten.
    const flipped = outcomes.filter(({ path, how }) => path === large && how.includes('flipped'))
    assert.ok(
      flipped.filter(({ lost }) => lost >= 1 && lost <= 4).length >= 5,
      JSON.stringify(flipped.map(({ how, lost }) => [how, lost])),
    )
    assert.ok(outcomes.some(({ run }) => run === 'went on'))
    assert.ok(outcomes.some(({ kept }) => kept === 1))
  })
})
