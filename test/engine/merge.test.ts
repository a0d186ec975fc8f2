import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, pipeline } from 'waymark'
import { withStore } from './with-store.ts'

const rejectsWith = (promise: Promise<unknown>, code: string, message?: RegExp): Promise<void> =>
  assert.rejects(
    promise,
    error => isWaymarkError(error) && error.code === code && (message === undefined || message.test(error.message)),
  )

test('E9 two forks of one run are merged into a checkpoint that names the three', async () => {
  await withStore(async store => {
    const work = pipeline('tune', run => run.stage('plan', () => ({ limit: 1, tags: new Set(['a']), by: new Map([['x', 1]]) })))
    await work.run({}, { store, runId: 'first' })
    const [base] = await store.list({ run: 'first', stage: 'plan' })
    const id = base?.id ?? ''
    const ours = await store.patch(id, { set: { limit: 2 } })
    const theirs = await store.save({ value: { limit: 1, tags: new Set(['a', 'b']), by: new Map([['x', 5]]) } })
    const { value, saved, merged, taken, conflicts } = await store.merge('first/plan', ours.id, theirs.id, {
      saveAs: { run: 'best', stage: 'plan', metadata: { why: 'tuned' } },
    })
    assert.deepEqual(value, { limit: 2, tags: new Set(['a', 'b']), by: new Map([['x', 5]]) })
    assert.deepEqual([conflicts, merged], [[], { base: id, ours: ours.id, theirs: theirs.id }])
    assert.equal(taken.ours, 1)
    const loaded = await store.load(saved?.id ?? '')
    assert.deepEqual(loaded.value, value)
    assert.deepEqual(loaded.metadata, { why: 'tuned', mergedFrom: merged })
    // The result of a whole run is what the run names.
    assert.deepEqual((await store.merge('first', ours.id, 'first', {})).value, {
      ...Object(value),
      tags: new Set(['a']),
      by: new Map([['x', 1]]),
    })
  })
})

test('E9 rows are merged by their key, and saved as rows', async () => {
  await withStore(async store => {
    const save = (rows: readonly object[]) => store.save({ rows })
    const base = await save([
      { sku: 'a', n: 1 },
      { sku: 'b', n: 1 },
    ])
    const ours = await save([
      { sku: 'a', n: 2 },
      { sku: 'b', n: 1 },
      { sku: 'c', n: 3 },
    ])
    const theirs = await save([{ sku: 'b', n: 7 }])
    const { saved, conflicts } = await store.merge(base.id, ours.id, theirs.id, {
      arrayKey: 'sku',
      strategy: 'union',
      saveAs: { run: 'merged' },
    })
    assert.deepEqual(
      conflicts.map(({ path, taken }) => [path, taken]),
      [['[0]', 'union']],
    )
    const rows: unknown[] = []
    for await (const row of store.loadRows(saved?.id ?? '')) rows.push(row)
    assert.deepEqual(rows, [
      { sku: 'a', n: 2 },
      { sku: 'b', n: 7 },
      { sku: 'c', n: 3 },
    ])
  })
})

test('E9 a merge with undecided conflicts, or of what is no value, saves nothing and says what to do', async () => {
  await withStore(async store => {
    const [base, ours, theirs] = [
      await store.save({ value: { n: 1 } }),
      await store.save({ value: { n: 2 } }),
      await store.save({ value: { n: 3 } }),
    ]
    const bytes = await store.save({ bytes: Buffer.from('x') })
    const saveAs = { run: 'merged' }
    await assert.rejects(store.merge(base.id, ours.id, theirs.id, { saveAs }), error => {
      assert.ok(isWaymarkError(error, 'conflict'))
      assert.deepEqual(error.details['conflicts'], [{ path: 'n', base: 1, ours: 2, theirs: 3 }])
      return /--take 'n=ours'/.test(error.remedy)
    })
    const told = await store.merge(base.id, ours.id, theirs.id, { saveAs, dryRun: true })
    assert.deepEqual([told.unresolved, told.value, told.saved], [1, { n: 1 }, undefined])
    await rejectsWith(store.merge(base.id, bytes.id, theirs.id, { saveAs }), 'unsupported', /bytes/)
    await rejectsWith(store.merge(base.id, 'zz', theirs.id, { saveAs }), 'not_found')
    // @ts-expect-error: no strategy
    await rejectsWith(store.merge(base.id, ours.id, theirs.id, { strategy: 'our' }), 'invalid', /did you mean ours/)
    // @ts-expect-error: no option
    await rejectsWith(store.merge(base.id, ours.id, theirs.id, { strategies: 'ours' }), 'invalid')
    assert.deepEqual(await store.list({ run: 'merged' }), [])
  })
})

test('E9 a side named for a place that none of the three has is refused with what is near; one for a place without conflict is told', async () => {
  await withStore(async store => {
    const save = async (limit: number) =>
      (await store.save({ value: { limit, by: new Map([['x', 1]]), rows: [{ id: 'a', n: 1 }] } })).id
    const [base, ours, theirs] = [await save(1), await save(2), await save(3)]
    const merge = (take: Record<string, 'ours' | 'theirs'>) => store.merge(base, ours, theirs, { take, saveAs: { run: 'm' } })
    for (const [typo, near] of [
      ['limt', /nothing at limt, .*; did you mean limit\?$/],
      ['rows[*].m', /nothing at rows\[\*\]\.m,/],
      ['by[map key "y"]', /nothing at by\[map key "y"\],/],
      ['rows[3]', /nothing at rows\[3\],/],
    ] as const)
      await rejectsWith(merge({ limit: 'ours', [typo]: 'ours' }), 'not_found', near)
    assert.equal((await store.list({ run: 'm' })).length, 0)
    const told = await merge({ limit: 'ours', 'rows[*].n': 'theirs', 'by[map key "x"]': 'ours', '**.cache': 'ours' })
    assert.deepEqual(told.unusedTakes, ['rows[*].n', 'by[map key "x"]', '**.cache'])
    assert.equal((await merge({ 'l*': 'theirs' })).unusedTakes, undefined)
  })
})
