import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { codec, jsonl, type Operation, open, pipeline, type Run, type StageTimings, type Store, table } from 'waymark'
import { inlineWorkbench, type Workbench } from '../../src/chunks/workbench.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import type { Clock } from '../../src/model/clock.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { type FileOperation, interceptedFiles } from '../../src/testing/intercepted-files.ts'

/** Milliseconds of the fake clock that things take: each operation of the port, hashing and compressing once. */
interface Costs {
  readonly of?: (operation: FileOperation) => number
  readonly hashMs?: number
  readonly compressMs?: number
}

interface World {
  readonly store: Store
  readonly clock: AskedClock
  readonly folder: string
  /** Milliseconds that operations of this kind took since it was asked last. */
  spent(kind: FileOperation['kind']): number
}

/** Knows what it was asked to wait for. */
class AskedClock extends FakeClock {
  readonly asked: number[] = []

  override after(delayMs: number, callback: () => void): () => void {
    this.asked.push(delayMs)
    return super.after(delayMs, callback)
  }
}

/** A store whose disk and threads take fake time, and nothing else any. */
async function worldOf(t: TestContext, { of = () => 0, hashMs = 0, compressMs = 0 }: Costs = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-timings-'))
  const clock = new AskedClock()
  const spent = new Map<string, number>()
  const files = interceptedFiles(nodeFiles, async (operation, perform) => {
    const done = await perform()
    const ms = of(operation)
    spent.set(operation.kind, (spent.get(operation.kind) ?? 0) + ms)
    clock.advance(ms)
    return done
  })
  const bench: Workbench = {
    decode: work => inlineWorkbench.decode(work),
    digests: async (chunks, onWorked) => {
      await setImmediate()
      clock.advance(hashMs)
      onWorked?.(hashMs / 2)
      return inlineWorkbench.digests(chunks)
    },
    frame: async (work, onWorked) => {
      await setImmediate()
      clock.advance(compressMs)
      onWorked?.(compressMs / 4)
      return inlineWorkbench.frame(work)
    },
  }
  const workbenches = { forBytes: () => bench }
  const store = await open({ path: join(folder, '.waymark'), components: { files, clock, workbenches } })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    store,
    clock,
    folder,
    spent: kind => {
      const ms = spent.get(kind) ?? 0
      spent.set(kind, 0)
      return ms
    },
  }
}

const noted = (timings: StageTimings | undefined): Partial<Record<Operation | 'wall' | 'other' | 'overlap', number>> =>
  timings === undefined
    ? {}
    : {
        wall: timings.wallMs,
        ...Object.fromEntries(timings.operations.map(({ operation, ms }) => [operation, ms])),
        ...(timings.otherMs === 0 ? {} : { other: timings.otherMs }),
        ...(timings.overlapMs === 0 ? {} : { overlap: timings.overlapMs }),
      }

async function timed(store: Store, run: string, path: string): Promise<StageTimings | undefined> {
  return (await store.report(run)).stages.find(stage => stage.path === path)?.timings
}

/** Runs a pipeline of this function and gives what the time of a stage went to. */
async function timingsOf(
  world: World,
  fn: (run: Run) => PromiseLike<unknown>,
  path: string,
): Promise<{ readonly timings: StageTimings | undefined; readonly run: string }> {
  const { run } = await pipeline('timed', async run => void (await fn(run))).run({}, { store: world.store })
  return { timings: await timed(world.store, run, path), run }
}

const isLogged = ({ path }: FileOperation): boolean => path.endsWith('.seg')
/** Of a save of its own kind: takes nothing until it is told to. */
const when = (kind: FileOperation['kind'], ms: number, also: (operation: FileOperation) => boolean = () => true) => ({
  of: (operation: FileOperation) => (operation.kind === kind && also(operation) ? ms : 0),
})

test('A10 A17 the time of a stage that returns a small value is the call, the write and the sync of its record, and nothing else', async t => {
  const world = await worldOf(t, {
    of: operation =>
      isLogged(operation) ? (({ write: 7, sync: 50 } as Partial<Record<string, number>>)[operation.kind] ?? 0) : 0,
  })
  const { timings } = await timingsOf(
    world,
    run =>
      run.stage('load', () => {
        world.clock.advance(10)
        return 1
      }),
    'load',
  )
  assert.deepEqual(noted(timings), { wall: 67, user: 10, write: 7, fsync: 50 })
  assert.deepEqual(
    timings?.operations.map(({ operation, share, besideMs }) => [operation, share, besideMs]),
    [
      ['fsync', 50 / 67, 0],
      ['user', 10 / 67, 0],
      ['write', 7 / 67, 0],
    ],
  )
})

for (const [kind, operation] of [
  ['sync', 'fsync'],
  ['write', 'write'],
] as const)
  test(`A17 a slow ${kind} of packs shows under ${operation} and nowhere else`, async t => {
    const world = await worldOf(
      t,
      when(kind, 50, ({ path }) => path.includes('.pack')),
    )
    const bytes = new Uint8Array(400_000).map((_, i) => (i * 7919 * ((i >> 8) + 1)) >> 3)
    const { timings } = await timingsOf(world, run => run.stage('large', () => ({ bytes })), 'large')
    const ms = world.spent(kind)
    assert.ok(ms >= 50, 'it was written to a pack')
    assert.deepEqual(noted(timings), { wall: ms, [operation]: ms })
  })

test('A17 hashing and compressing are told apart, with what other threads worked for them', async t => {
  const world = await worldOf(t, { hashMs: 8, compressMs: 40 })
  const { timings } = await timingsOf(world, run => run.stage('one', () => 'x'.repeat(20_000)), 'one')
  assert.deepEqual(noted(timings), { wall: 48, hash: 8, compress: 40 })
  assert.deepEqual(
    timings?.operations.map(({ operation, cpuMs }) => [operation, cpuMs]),
    [
      ['compress', 10],
      ['hash', 4],
    ],
  )
})

test('A17 operations under way at once are marked, and each counts no more than the time that went by', async t => {
  const world = await worldOf(t, {
    of: ({ kind, path }) => (kind === 'write' && path.includes('.pack') ? 5 : 0),
    hashMs: 3,
    compressMs: 4,
  })
  const value = Array.from({ length: 24 }, (_, part) =>
    new Uint8Array(1 << 20).map((_, i) => (i * (part + 3) * 2654435761) >>> 13),
  )
  const { timings } = await timingsOf(world, run => run.stage('parts', () => value), 'parts')
  assert.ok(timings !== undefined)
  const { wallMs, otherMs, overlapMs, operations } = timings
  assert.ok(overlapMs > 0 && operations.some(({ besideMs }) => besideMs > 0), 'writing goes on behind hashing')
  for (const { ms, besideMs, share } of operations) assert.ok(ms <= wallMs && besideMs <= ms && share <= 1)
  const sum = operations.reduce((all, { ms }) => all + ms, 0)
  assert.ok(Math.abs(sum - overlapMs + otherMs - wallMs) < 1e-6, 'without what lay over one another they add up to the wall time')
})

/** Lets the pause go by that waits for so many milliseconds. */
async function passPause(clock: AskedClock, ms: number): Promise<void> {
  while (!clock.asked.includes(ms)) await setImmediate()
  clock.asked.length = 0
  clock.advance(ms)
}

test('A17 C14 pauses are retries, or limits where the error asked for them, and no calls', async t => {
  const world = await worldOf(t)
  let calls = 0
  const done = timingsOf(
    world,
    run =>
      run.stage(
        'fetch',
        () => {
          world.clock.advance(2)
          calls++
          if (calls === 1) throw new Error('no answer')
          if (calls === 2) throw Object.assign(new Error('429'), { headers: { 'retry-after': '3' } })
          return 1
        },
        { retry: { attempts: 3, delayMs: 1.5, jitter: 'none' } },
      ),
    'fetch',
  )
  await passPause(world.clock, 1.5)
  await passPause(world.clock, 3_000)
  assert.deepEqual(noted((await done).timings), { wall: 3_007.5, user: 6, retry: 1.5, limit: 3_000 })
})

test('A17 rows that come one by one are the time of who gives them, what is made of them is not', async t => {
  const world = await worldOf(t, when('sync', 50, isLogged))
  async function* rows() {
    for (let id = 0; id < 5; id++) {
      world.clock.advance(3)
      yield { id }
    }
  }
  const { timings } = await timingsOf(world, run => run.stage('rows', () => table(rows())), 'rows')
  assert.deepEqual(noted(timings), { wall: 65, user: 15, fsync: 50 })
})

test('A17 B10 of a pass: calls, pauses, the output and its syncs; and the counts of several attempts add up', async t => {
  const world = await worldOf(t, {
    of: ({ kind, path }) =>
      path.includes('out.jsonl') ? (({ write: 4, sync: 20 } as Partial<Record<string, number>>)[kind] ?? 0) : 0,
  })
  let fails = true
  const work = pipeline('pass', async run => {
    await run.each(
      'call',
      [1, 2, 3, 4],
      item => {
        if (item === 3 && fails) throw new Error('broken')
        world.clock.advance(10)
        return { item }
      },
      { key: String, output: jsonl(join(world.folder, 'out.jsonl')) },
    )
  })
  await assert.rejects(work.run({}, { store: world.store, runId: 'one' }), { code: 'failed' })
  const first = await timed(world.store, 'one', 'call')
  const [writes, syncs] = [world.spent('write'), world.spent('sync')]
  assert.ok(writes >= 4 && syncs >= 20)
  assert.deepEqual(noted(first), { wall: 20 + writes + syncs, user: 20, write: writes, fsync: syncs })
  fails = false
  await work.run({}, { store: world.store, runId: 'one' })
  const [moreWrites, moreSyncs] = [writes + world.spent('write'), syncs + world.spent('sync')]
  const both = await timed(world.store, 'one', 'call')
  assert.deepEqual(noted(both), { wall: 40 + moreWrites + moreSyncs, user: 40, write: moreWrites, fsync: moreSyncs })
})

test('A17 while items of a pass pause and none is called, that is no time of calls', async t => {
  const world = await worldOf(t)
  const seen = new Set<number>()
  const done = timingsOf(
    world,
    run =>
      run.each(
        'call',
        [1, 2],
        async item => {
          await setImmediate()
          if (!seen.has(item)) {
            seen.add(item)
            throw new Error('once')
          }
          world.clock.advance(10)
        },
        { retry: { attempts: 2, delayMs: 7, jitter: 'none' }, key: String, save: { items: 100 } },
      ),
    'call',
  )
  await passPause(world.clock, 7)
  await passPause(world.clock, 7)
  assert.deepEqual(noted((await done).timings), { wall: 34, user: 20, retry: 14 })
})

test('A17 an item costs no look at the clock, and results that take long to encode are told apart', async t => {
  const world = await worldOf(t)
  let looks = 0
  const { clock } = world
  const counting: Clock = {
    now: () => clock.now(),
    monotonicMs: () => {
      looks++
      return clock.monotonicMs()
    },
    after: (delayMs, callback) => clock.after(delayMs, callback),
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-timings-'))
  const store = await open({ path: join(folder, '.waymark'), components: { clock: counting } })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const items = Array.from({ length: 20_000 }, (_, i) => i)
  await pipeline('quick', async run => {
    looks = 0
    await run.each('call', items, item => item, { key: String, save: { items: 500 } })
  }).run({}, { store })
  assert.ok(looks < items.length / 8, `${looks} looks for ${items.length} items`)

  class Slow {}
  const slow = codec(Slow, { tag: 'slow', encode: () => clock.advance(9) ?? 1, decode: () => new Slow() })
  const work = pipeline('slow', async run => void (await run.each('slow', [1, 2, 3], () => new Slow(), { key: String })), {
    codecs: [slow],
  })
  const { run } = await work.run({}, { store: world.store })
  const timings = await timed(world.store, run, 'slow')
  assert.deepEqual(noted(timings), { wall: 27, encode: 27 })
})

test('A17 waiting for a turn in the log is no time of the disk', async t => {
  const world = await worldOf(t, when('sync', 50, isLogged))
  // The record that says that it began goes on its own after 20 ms: the end waits for it.
  const { timings } = await timingsOf(
    world,
    run =>
      run.stage('long', async () => {
        world.clock.advance(25)
        return 1
      }),
    'long',
  )
  assert.deepEqual(noted(timings), { wall: 125, user: 25, log: 50, fsync: 50 })
})

test('A17 what is done anew begins anew, and what failed and is called again adds up', async t => {
  const world = await worldOf(t)
  let fails = true
  const work = pipeline('again', run =>
    run.stage('a', () => {
      world.clock.advance(10)
      if (fails) throw new Error('broken')
      return 1
    }),
  )
  const options = { store: world.store, runId: 'one' }
  await assert.rejects(work.run({}, options), { code: 'failed' })
  assert.deepEqual(noted(await timed(world.store, 'one', 'a')), { wall: 10, user: 10 })
  fails = false
  await work.run({}, options)
  assert.deepEqual(noted(await timed(world.store, 'one', 'a')), { wall: 20, user: 20 })
  await work.run({}, { ...options, redo: ['a'] })
  assert.deepEqual(noted(await timed(world.store, 'one', 'a')), { wall: 10, user: 10 })
})

test('A17 of a store of an older version nothing is said, and what goes on in it is measured', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-timings-'))
  cpSync(join(import.meta.dirname, '../format/golden/store-1.3'), folder, { recursive: true })
  const store = await open({ path: folder })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const runs = await store.runs()
  assert.ok(runs.length > 0)
  for (const { id } of runs) {
    const { stages, timings } = await store.report(id)
    assert.deepEqual([timings, ...stages.map(stage => stage.timings)], [undefined, ...stages.map(() => undefined)])
  }
  const { run } = await pipeline('new', async run => void (await run.stage('one', () => 1))).run({}, { store })
  assert.ok(((await timed(store, run, 'one'))?.wallMs ?? 0) > 0)
})
