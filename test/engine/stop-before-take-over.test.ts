import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, open, pipeline, type Store } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'

/** A run that failed, seen by two openings of its store: what they know of each other is what two processes know. */
async function failedRun(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-stop-'))
  const path = join(folder, '.waymark')
  const mine = await open(path)
  const theirs = await open(path)
  t.after(async () => {
    await mine.close()
    await theirs.close()
    await rm(folder, { recursive: true, force: true })
  })
  let calls = 0
  const work = pipeline('work', run =>
    run.stage('only', () => {
      calls++
      throw new Error('not yet')
    }),
  )
  await work.run({}, { store: mine }).catch(() => {})
  const { id } = await mine.run('@last')
  return { mine, theirs, id, work, called: () => calls }
}

/** Has something done right before a run is taken over, or right after. */
function meanwhile(t: TestContext, store: Store, when: 'before' | 'after', act: () => Promise<unknown>): void {
  const core = coreOf(store)
  if (when === 'before') {
    const hold = core.leases.hold.bind(core.leases)
    t.mock.method(
      core.leases,
      'hold',
      async () => {
        await act()
        return hold()
      },
      { times: 1 },
    )
  } else {
    const { upgrade } = core
    t.mock.method(
      core,
      'upgrade',
      async () => {
        await act()
        return upgrade()
      },
      { times: 1 },
    )
  }
}

for (const when of ['before', 'after'] as const) {
  test(`B17 a cancel that is recorded right ${when} a resume takes the run over holds: nothing is called, and the run stays cancelled`, async t => {
    const { mine, theirs, id, work, called } = await failedRun(t)
    meanwhile(t, mine, when, async () => assert.equal((await theirs.cancel(id)).how, 'recorded'))
    await assert.rejects(work.run({}, { store: mine, runId: id }), error => {
      assert.ok(isWaymarkError(error, 'cancelled'), String(error))
      assert.match(error.message, /was cancelled by process \d+ on .*, just before this attempt began/)
      return true
    })
    assert.equal(called(), 1)
    const run = await theirs.run(id)
    assert.deepEqual([run.state, run.attempt, run.owner], ['cancelled', 1, undefined])
  })
}

test('B17 a pause that is recorded right before a resume takes the run over holds, also for who goes on with an earlier pause; who saw it goes on', async t => {
  const { mine, theirs, id, work, called } = await failedRun(t)
  for (const resumePaused of [false, true]) {
    if (resumePaused) await theirs.pause(id)
    meanwhile(t, mine, 'before', async () => {
      if (resumePaused) {
        await work.run({}, { store: theirs, runId: id, resumePaused }).catch(() => {})
        await new Promise(resolve => setTimeout(resolve, 2))
      }
      await theirs.pause(id)
    })
    await assert.rejects(work.run({}, { store: mine, runId: id, resumePaused }), error => isWaymarkError(error, 'paused'))
    assert.equal((await theirs.run(id)).state, 'paused')
  }
  assert.equal(called(), 2)
  await assert.rejects(work.run({}, { store: mine, runId: id, resumePaused: true }), error => isWaymarkError(error, 'failed'))
  assert.equal(called(), 3)
})

test('B17 a tracked loop does not begin either where its run was cancelled right before it was taken over', async t => {
  const { mine, theirs } = await failedRun(t)
  await mine.track({ run: 'loop', stage: 'rows' }, async () => assert.fail('not yet')).catch(() => {})
  meanwhile(t, mine, 'before', () => theirs.cancel('loop'))
  await assert.rejects(
    mine.track({ run: 'loop', stage: 'rows' }, async () => {}),
    error => isWaymarkError(error, 'cancelled'),
  )
  assert.equal((await theirs.run('loop')).state, 'cancelled')
})
