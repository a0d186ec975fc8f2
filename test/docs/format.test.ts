import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decode } from 'cbor-x'
import { jsonl, open, pipeline, type Store } from 'waymark'
import { root } from './code-blocks.ts'
import { historyOf, type ReadRecord, readClaim, readPack, readSegment, readSegments, readStoreId } from './format-reader.ts'

/** A store with two owners of one run, the first of which never closed its segment; and checkpoints of every place. */
async function withSampleStore(use: (path: string, run: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-format-'))
  const stores: Store[] = []
  try {
    const path = join(folder, '.waymark')
    const first = await open(path)
    stores.push(first)
    await first.save({ value: { small: true }, id: 'chosen', tags: ['t'] })
    await first.save({ value: 'x'.repeat(600_000) })
    await first.delete((await first.save({ value: 'doomed' })).id)
    let failing = true
    const work = pipeline('sample', async run => {
      const numbers = run.stage('numbers', () => [1, 2, 3, 4])
      await run.each('written', numbers, n => ({ n }), { output: jsonl(join(folder, 'out.jsonl')) })
      if (failing) throw new Error('the first owner ends here')
      const doubled = await run.each('doubled', await numbers, n => n * 2, { key: n => `k${n}` })
      return { sum: (await doubled.results().toArray()).reduce((sum, n) => sum + n, 0), drawn: run.random() }
    })
    await assert.rejects(work.run({}, { store: first }), { code: 'failed' })
    failing = false
    const second = await open(path)
    stores.push(second)
    const { run } = await work.run({}, { store: second })
    await use(path, run)
  } finally {
    for (const store of stores) await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A record as another implementation of CBOR reads it. */
const recordOf = ({ payload, token, sequence }: ReadRecord) => ({ ...decode(payload), token, sequence })

/** What tells records apart; cbor-x gives large integers as bigints. */
const facts = (record: Readonly<Record<string, unknown>>) => {
  const { type, path, token, sequence } = record
  return { type, path, token, sequence, time: Number(record['time']) }
}

async function eventsOf(path: string, run: string): Promise<Record<string, unknown>[]> {
  const store = await open(path)
  const events: Record<string, unknown>[] = []
  for await (const event of store.events(run)) events.push({ ...event })
  await store.close()
  return events
}

test('docs/format.md says enough to read a run’s history, take-over included (X8)', async () => {
  await withSampleStore(async (path, run) => {
    const segments = readSegments(path)
    assert.ok(segments.every(segment => !segment.damaged && segment.tornBytes === 0))
    const read = historyOf(run, segments).map(recordOf)
    assert.deepEqual(read.map(facts), (await eventsOf(path, run)).map(facts))
    assert.deepEqual([...new Set(read.map(record => record.token))], [1, 2])
    const accepts = segments.flatMap(segment => segment.records).filter(record => record.kind === 1 && record.stream === run)
    assert.equal(accepts.length, 1)
    assert.ok((accepts[0]?.payload.length ?? 0) > 100, 'the unproven end of the first owner is not copied')
    const claimed = readClaim(path, run, 2)
    assert.ok(readdirSync(join(path, 'segments')).includes(`${claimed}.seg`))
    assert.ok(readClaim(path, '@chosen', 1))
    assert.equal(readClaim(path, run, 1), undefined)
  })
})

test('docs/format.md says enough to read every checkpoint, inline and in packs', async () => {
  await withSampleStore(async (path, run) => {
    const segments = readSegments(path)
    const others = segments.flatMap(segment => segment.records).filter(record => record.kind === 0 && record.stream !== run)
    const records = [...historyOf(run, segments), ...others].map(recordOf)
    const deleted = records.filter(record => record.type === 'checkpoint.deleted').map(record => record.id)
    assert.equal(deleted.length, 1)
    const kept = records
      .flatMap(record => record.checkpoint ?? record.result ?? [])
      .filter(checkpoint => !deleted.includes(checkpoint.id))
      .sort((a, b) => Number(b.order) - Number(a.order))
    const store = await open(path)
    const listed = await store.list()
    assert.deepEqual(
      kept.map(checkpoint => checkpoint.id),
      listed.map(checkpoint => checkpoint.id),
    )
    assert.deepEqual(new Set(kept.map(checkpoint => checkpoint.content.kind)), new Set(['inline', 'pack']))
    for (const { id, content, digest, logicalBytes } of kept) {
      const bytes = content.kind === 'inline' ? content.bytes : readPack(path, content.pack, content.first, content.count)
      assert.equal(bytes.length, logicalBytes)
      assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
      assert.deepEqual(decode(bytes), (await store.load(id)).value)
    }
    await store.close()
  })
})

test('docs/format.md tells a torn tail from damage', async () => {
  await withSampleStore(async path => {
    const [name = ''] = readdirSync(join(path, 'segments'))
    const whole = readFileSync(join(path, 'segments', name))
    const read = (bytes: Buffer) => readSegment(bytes, name.replace('.seg', ''), readStoreId(path) ?? '')
    const { batches } = read(whole)
    const torn = read(Buffer.concat([whole, whole.subarray(96, 150)]))
    assert.deepEqual([torn.tornBytes, torn.damaged, torn.batches], [54, false, batches])
    const flipped = Buffer.from(whole)
    flipped[200] = (flipped[200] ?? 0) ^ 1
    const damaged = read(flipped)
    assert.deepEqual([damaged.damaged, damaged.batches], [true, batches - 1])
  })
})

test('docs/format.md names every kind of record and every member of one', () => {
  const page = readFileSync(join(root, 'docs/format.md'), 'utf8')
  const sources = ['records', 'checkpoint', 'owner', 'plan']
    .map(name => readFileSync(join(root, `src/model/${name}.ts`), 'utf8'))
    .join('\n')
  const kinds = [...sources.matchAll(/readonly type: '([\w.]+)'/g)].map(([, kind]) => kind)
  const members = [...sources.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
  assert.ok(kinds.length >= 11 && members.length >= 80)
  const missing = [...new Set([...kinds, ...members])].filter(name => !new RegExp(`[\`{ ,]${name}\\b`).test(page))
  assert.deepEqual(missing, [])
})
