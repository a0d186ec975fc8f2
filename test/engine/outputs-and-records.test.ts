import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type ItemTarget, isWaymarkError, open, pipeline, type RunEvent, sqliteTable } from 'waymark'
import { recoveredAfter } from '../../src/engine/recovered-progress.ts'
import type { CompletedRange } from '../../src/model/completed-set.ts'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import type { RunRecord, StageProgress } from '../../src/model/records.ts'
import type { ItemOutput } from '../../src/outputs/item-target.ts'
import { withStore } from './with-store.ts'

interface Row {
  readonly n: number
}

/** The same output, with something of it done in another way. */
const wrapped = (target: ItemTarget<Row>, wrap: (output: ItemOutput) => Partial<ItemOutput>): ItemTarget<Row> => ({
  ...target,
  open: async (context, position) => {
    const opened = await target.open(context, position)
    const { output } = opened
    const through: ItemOutput = {
      get position() {
        return output.position
      },
      get pendingBytes() {
        return output.pendingBytes
      },
      add: (value, item) => output.add(value, item),
      flush: progress => output.flush(progress),
      finish: () => output.finish(),
      close: () => output.close(),
    }
    const descriptors = Object.getOwnPropertyDescriptors(wrap(output))
    return { ...opened, output: Object.defineProperties(through, descriptors) }
  },
})

function rowsIn(folder: string): readonly unknown[] {
  const database = new DatabaseSync(join(folder, 'out.db'))
  try {
    return database
      .prepare('SELECT n FROM t ORDER BY n')
      .all()
      .map(row => row['n'])
  } finally {
    database.close()
  }
}

test('X5 a requeue between a commit of the database and its record: the requeued item is called, the committed ones are not', async () => {
  await withStore(async (store, folder) => {
    const world = { broken: true, dies: true, calls: [] as number[] }
    const table = sqliteTable<Row>(join(folder, 'out.db'), { table: 't', create: true })
    const output = wrapped(table, inner => ({
      flush: async progress => {
        const position = await inner.flush(progress)
        // The record of item 2 is there by then; what this commit holds never gets one.
        if (world.dies && inner.position.kind === 'table' && progress.counts.done >= 8) throw new Error('died after the commit')
        return position
      },
    }))
    const load = pipeline('load', async run => {
      await run.each(
        'load',
        Array.from({ length: 12 }, (_, n) => n),
        async n => {
          world.calls.push(n)
          if (world.broken && n === 2) throw new Error('broken')
          // So that each is saved by itself.
          await new Promise(resolve => setTimeout(resolve, 15))
          return { n }
        },
        { input: 'twelve', tolerate: { count: 5 }, concurrency: 1, save: { items: 1 }, output },
      )
    })
    await assert.rejects(load.run({}, { store, runId: 'r' }), /died after the commit|record items/)
    assert.equal((await store.requeue('r', { all: true })).stages.length, 1)
    Object.assign(world, { broken: false, dies: false, calls: [] })
    const committed = rowsIn(folder).length
    const { state, setAside } = await load.run({}, { store, runId: 'r' })
    assert.deepEqual([state, setAside], ['completed', 0])
    assert.equal(world.calls.length, 12 - committed)
    assert.ok(world.calls.includes(2))
    assert.deepEqual(
      rowsIn(folder),
      Array.from({ length: 12 }, (_, n) => n),
    )
  })
})

test('X5 recovered progress counts from what the requeue left, and makes no requeued item finished', () => {
  const run = new RecordedRun()
  const apply = (record: RunRecord) => run.apply(record, { segment: 's', offset: 0, length: 1 })
  const progress = (
    ranges: readonly CompletedRange[],
    done: number,
    facts: Pick<StageProgress, 'setAside' | 'completed'> = {},
  ): StageProgress => ({
    type: 'stage.progress',
    time: 1,
    path: 'e',
    ranges,
    counts: { done, skipped: 0, setAside: 1, retries: 0 },
    ...facts,
  })
  const item = { index: 5, error: { name: 'Error', message: 'x' }, fingerprint: 'f', calls: 1, time: 1 }
  apply({ type: 'stage.started', time: 1, path: 'e', kind: 'each', order: 1 })
  apply(progress([[0, 9]], 9, { setAside: [item] }))
  apply({ type: 'items.requeued', time: 1, path: 'e', ranges: [[5, 5]] })
  const committed = [
    progress([[10, 19]], 19),
    { ...progress([[20, 29]], 28, { completed: [[0, 29]], setAside: [{ ...item, index: 25 }] }) },
  ]
  for (const record of recoveredAfter(run.stages.get('e'), committed)) apply(record)
  const stage = run.stages.get('e')
  assert.equal(stage?.completed.has(5), false)
  assert.equal(stage?.finished, 29)
  assert.deepEqual(stage?.counts, { done: 28, skipped: 0, setAside: 1, retries: 0 })
})

test('B16 progress of a pass into a table survives a power cut whatever was asked for, as its rows do', async () => {
  await withStore(async (_, folder) => {
    for (const durability of ['process', 'exit'] as const) {
      const store = await open({ path: join(folder, durability), durability })
      const events: RunEvent[] = []
      const output = sqliteTable<Row>(join(folder, `${durability}.db`), { table: 't', create: true })
      await pipeline('load', async run => {
        await run.each('load', [1, 2, 3], async n => ({ n }), { key: n => n, output })
      }).run({}, { store, onEvent: event => events.push(event) })
      await store.close()
      const found = events.flatMap(event => (event.type === 'progress' ? [event.save?.durability] : []))
      assert.deepEqual([...new Set(found)], ['power'])
    }
  })
})

test('results that are recorded and could not be shown are not said to be lost', async () => {
  await withStore(async (store, folder) => {
    let fails = true
    let calls = 0
    const table = sqliteTable<Row>(join(folder, 'out.db'), { table: 't', create: true })
    const output = wrapped(table, () => ({
      recorded: async () => {
        if (fails) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      },
    }))
    const load = pipeline('load', async run => {
      await run.each(
        'load',
        [1, 2, 3],
        n => {
          calls++
          return { n }
        },
        { key: n => n, output },
      )
    })
    await assert.rejects(load.run({}, { store, runId: 'r' }), error => {
      assert.ok(isWaymarkError(error, 'disk_full'))
      assert.match(error.message, /make the recorded results of load visible/)
      assert.match(error.means, /are recorded, and are not called again/)
      return true
    })
    fails = false
    assert.equal((await load.run({}, { store, runId: 'r' })).state, 'completed')
    assert.equal(calls, 3)
  })
})
