import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, pipeline, type Store, type StreamEntry } from 'waymark'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { fromSources } from '../from-sources.ts'
import { openOn, trialKey } from './trial/open-on-disk.ts'

const script = fileURLToPath(new URL('./fixtures/entry-writer.ts', import.meta.url))

/** Runs the writer; resolves with what it said was durable. */
async function write(t: TestContext, folder: string, when: 'before' | 'behind' | 'never', nth = 0): Promise<string[]> {
  const child = spawn(process.execPath, [...fromSources, script, folder, when, String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  return lines
}

async function entriesOf(store: Store): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = []
  for await (const entry of store.eachRecord({ superseded: true })) entries.push(entry)
  return entries
}

async function loaded(store: Store, id: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.loadBytes(id)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** Every artifact is named by one entry, and every entry's artifact is there. */
async function mustBelongTogether(
  store: Store,
  entries: readonly StreamEntry[],
  content: (entry: StreamEntry) => string,
): Promise<void> {
  const artifacts = await store.list({ where: { type: 'artifact' }, limit: 1000 })
  assert.deepEqual(artifacts.map(({ id }) => id).sort(), entries.map(({ artifact }) => artifact?.id ?? 'none').sort())
  for (const entry of entries) assert.equal(await loaded(store, entry.artifact?.id ?? ''), content(entry))
}

test('A13 killed with -9 between an artifact and its entry, and behind the entry, in a stage and in items: both or neither, each counts once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-entries-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const durable = [
    ...(await write(t, folder, 'before', 2)),
    ...(await write(t, folder, 'behind', 2)),
    ...(await write(t, folder, 'before', 6)),
    ...(await write(t, folder, 'behind', 2)),
    ...(await write(t, folder, 'never')),
  ]
  await using store = await open(join(folder, '.waymark'))
  const entries = await entriesOf(store)
  const name = ({ entry }: StreamEntry) => `${entry['n']} of ${entry['attempt']}`
  await mustBelongTogether(store, entries, entry => `${name(entry)} `.repeat(50))
  const all = entries.map(name)
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(
    durable.filter(line => !all.includes(line)),
    [],
  )
  // Killed before the second entry: the first is there alone; behind it: both are.
  assert.deepEqual(
    all.filter(one => /of [12]$/.test(one)),
    ['a of 1', 'a of 2', 'b of 2'],
  )
  assert.deepEqual(
    all.filter(one => /of 3$/.test(one)),
    ['a of 3', 'b of 3', 'c of 3', '0 of 3', '1 of 3'],
  )
  const counted = entries.filter(({ superseded }) => superseded !== true)
  assert.deepEqual(
    counted.map(({ entry }) => entry['n']),
    ['a', 'b', 'c', '0', '1', '2', '3', '4', '5'],
  )
  // Of the stage only the call that finished; of the items whichever call was recorded.
  assert.deepEqual(
    counted.slice(0, 4).map(({ attempt }) => attempt),
    [3, 3, 3, 3],
  )
  assert.equal((await store.verify()).ok, true)
})

for (const [what, key] of [
  ['a store', undefined],
  ['a sealed store', trialKey],
] as const)
  test(`A13 a power cut anywhere in ${what} leaves every entry that was acknowledged with its artifact, none without, in order`, async () => {
    const disk = new SimulatedDisk()
    const store = await openOn(disk.process('writer'), 1, key)
    const begun = disk.lastOperation
    /** Operation after which so many entries were acknowledged. */
    const acknowledged: number[] = []
    await pipeline('work', run =>
      run.stage('s', async ctx => {
        for (let n = 0; n < 10; n++) {
          await ctx.record('s', { n }, { artifact: { name: 'a', bytes: Buffer.from(`artifact ${n} `.repeat(20 + n)) } })
          acknowledged.push(disk.lastOperation)
        }
      }),
    ).run({}, { store, runId: 'r' })
    await store.close()
    const random = seededRandom(13)
    const points = crashPoints(disk).filter(point => point >= begun)
    let cutShort = 0
    for (let look = 0; look < 24; look++) {
      const after = random.pick(points)
      const model = crashModels[look % crashModels.length] ?? 'everything'
      const recovery = await openOn(crashState(disk, after, model, random).process('recovery'), 100 + look, key)
      try {
        const entries = await entriesOf(recovery)
        const how = `${model} after operation ${after}`
        const least = acknowledged.filter(operation => operation <= after).length
        assert.ok(entries.length >= least, `${how}: ${entries.length} of ${least}`)
        assert.deepEqual(
          entries.map(({ entry }) => entry['n']),
          [...entries.keys()],
          how,
        )
        await mustBelongTogether(recovery, entries, ({ entry }) => `artifact ${entry['n']} `.repeat(20 + Number(entry['n'])))
        if (entries.length < 10) cutShort++
      } finally {
        await recovery.close()
      }
    }
    assert.ok(cutShort > 0, 'no cut fell into the run')
  })
