import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { jsonl, type OpenOptions, open, pipeline, type Store } from 'waymark'
import { plainView } from '../format/plain-view.ts'
import { root } from './code-blocks.ts'
import { type ReadLine, readStore, skipWithoutPython } from './python.ts'

// The store is read a second time by test/docs/read_store.py, which was written from the pages on the format and shares nothing with src.

const folder = mkdtempSync(join(tmpdir(), 'waymark-format-'))
const path = join(folder, '.waymark')
const stores: Store[] = []
let run = ''

interface Task {
  readonly id: number
  note: string
  readonly hours: readonly number[]
}

/** A state of some megabytes, with so many named parts that its manifest is too long for a record. */
function largeState(): { groups: Record<string, Task[]>; column: Float64Array } {
  let seed = 1
  const next = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  }
  const task = (id: number): Task => ({ id, note: `note ${next()}`, hours: Array.from({ length: 6 }, () => next() % 1000) })
  const group = (n: number): [string, Task[]] => [`group-${n}`, Array.from({ length: 110 }, (_, id) => task(id))]
  return {
    groups: Object.fromEntries(Array.from({ length: 700 }, (_, n) => group(n))),
    column: Float64Array.from({ length: 40_000 }, next),
  }
}

async function opened(options: OpenOptions = {}): Promise<Store> {
  const store = await open({ ...options, path })
  stores.push(store)
  return store
}

async function saveStates(store: Store): Promise<void> {
  const state = largeState()
  for (let round = 0; round < 4; round++) {
    await store.save({ value: state, run: 'by-hand', description: `round ${round}`, metadata: { round } })
    for (let group = round; group < 700; group += 40) {
      const task = state.groups[`group-${group}`]?.[30]
      if (task !== undefined) task.note = `edited in round ${round}`
    }
    state.column[round * 1_000] = -1
  }
}

async function saveOthers(store: Store): Promise<void> {
  const small = { small: true, when: new Date(1_001), seen: new Set(['a']), big: 12n ** 30n, bytes: new Uint8Array([1, 2]) }
  await store.save({ value: small, id: 'chosen', tags: ['t'], metadata: { keep: 1, gone: 2 }, description: 'before' })
  await store.update('chosen', { metadata: { gone: null, added: [1, 'x'] }, tags: ['u'], description: null })
  await store.pin('chosen', { name: 'one', reason: 'for the test' })
  await store.pin('chosen', { name: 'two' })
  await store.unpin('chosen', { name: 'one' })
  await store.update('chosen', { status: 'completed', ttlMs: 1e12 })
  const doomed = await store.save({ value: 'd'.repeat(5_000), run: 'doomed' })
  // Its bytes stand in the record of one that is deleted.
  await store.save({ value: 'd'.repeat(5_000), run: 'doomed' })
  await store.delete(doomed.id)
  await store.save({ bytes: new Uint8Array(0) })
  await store.save({ bytes: Buffer.from('x'.repeat(700_000)) })
  await store.save({ files: join(root, 'test/format/golden/store-1.0'), id: 'files' })
  await store.save({ rows: Array.from({ length: 50 }, (_, n) => ({ n, text: 'row '.repeat(n) })) })
}

/** Two owners of one run, the first of which never closed its segment. */
async function runTwice(first: Store): Promise<string> {
  let failing = true
  const work = pipeline('sample', async run => {
    const numbers = run.stage('numbers', () => Array.from({ length: 3_000 }, (_, n) => n))
    await run.each('written', numbers, n => ({ n }), { output: jsonl(join(folder, 'out.jsonl')) })
    if (failing) throw new Error('the first owner ends here')
    const doubled = await run.each('doubled', (await numbers).slice(0, 4), n => n * 2, { key: n => `k${n}` })
    return { sum: (await doubled.results().toArray()).reduce((sum, n) => sum + n, 0), drawn: run.random() }
  })
  await assert.rejects(work.run({}, { store: first }), { code: 'failed' })
  failing = false
  return (await work.run({}, { store: await opened() })).run
}

before(async () => {
  if (skipWithoutPython) return
  const first = await opened()
  await saveStates(first)
  await saveOthers(first)
  for (const codec of ['gzip', 'brotli', 'none'] as const) {
    const store = await opened({ compression: { codec }, parity: codec === 'gzip' })
    await store.save({ value: Array.from({ length: 30_000 }, (_, n) => `${codec} ${n}`), run: codec })
  }
  run = await runTwice(first)
})

after(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the reader says of a store that it can read. */
function linesOf(store: string, kind: string): readonly ReadLine[] {
  const { lines, status, stderr } = readStore(store)
  assert.equal(status, 0, stderr)
  return lines.filter(line => line['kind'] === kind)
}

test('the pages on the format say enough to read every checkpoint: facts, changes and bytes (X8)', {
  skip: skipWithoutPython,
}, async () => {
  const read = linesOf(path, 'checkpoint')
  const store = await opened()
  const listed = await store.list({ limit: 1_000 })
  assert.deepEqual(
    read.map(line => line['id']),
    listed.map(info => info.id),
  )
  for (const [i, info] of listed.entries()) {
    const {
      sha256,
      contentKind: _kind,
      chunks: _chunks,
      rides: _rides,
      kind: _line,
      files: _files,
      value,
      ...facts
    } = read[i] ?? assert.fail()
    const { changedAt: _changedAt, ...known } = info
    assert.deepEqual({ status: 'active', ...facts }, known)
    const digest = createHash('sha256')
    for await (const piece of store.loadBytes(info.id)) digest.update(piece)
    assert.equal(sha256, digest.digest('hex'), info.id)
    if (value !== undefined) assert.deepEqual(value, plainView((await store.load(info.id)).value), info.id)
  }
  assert.ok(read.filter(line => line['value'] !== undefined).length > 4)
})

test('the pages on the format say enough to read the files of a checkpoint', { skip: skipWithoutPython }, async () => {
  const read = linesOf(path, 'checkpoint').find(line => line['id'] === 'files') ?? assert.fail()
  const target = join(folder, 'restored')
  const restored = await (await opened()).restoreFiles('files', target)
  const digests = restored.map(({ name }) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(target, name)))
      .digest('hex'),
  ])
  assert.deepEqual(read['files'], digests)
  assert.ok(digests.length > 5)
})

test('the store read so has everything the pages describe', { skip: skipWithoutPython }, () => {
  const read = linesOf(path, 'checkpoint')
  const kinds = new Set(read.flatMap(line => Object.keys(line['chunks'] ?? {})))
  assert.deepEqual(kinds, new Set(['full', 'delta', 'list']))
  assert.deepEqual(new Set(read.map(line => line['contentKind'])), new Set(['inline', 'chunks']))
  assert.deepEqual(new Set(read.map(line => line['encoding'])), new Set(['cbor', 'bytes', 'rows', 'files']))
  assert.deepEqual(new Set(linesOf(path, 'pack').flatMap(line => line['codecs'])), new Set(['zstd', 'gzip', 'brotli', 'none']))
  assert.ok(
    linesOf(path, 'pack').some(line => line['parity'] === true),
    'no pack has parity',
  )
  assert.ok(
    read.some(line => line['rides'] === true),
    'no pack rides in a record',
  )
  const doomed = read.filter(line => line['run'] === 'doomed')
  assert.deepEqual(
    doomed.map(line => [line['rides'], line['chunks']]),
    [[false, { full: 1 }]],
  )
})

test('the pages on the format say enough to read a run’s history, take-over included (X8)', {
  skip: skipWithoutPython,
}, async () => {
  const read = linesOf(path, 'record')
  const events: ReadLine[] = []
  for await (const event of (await opened()).events(run)) events.push({ ...event })
  assert.deepEqual(read.map(facts), events.map(facts))
  assert.deepEqual(new Set(read.map(line => line['token'])), new Set([1, 2]))
  const claims = linesOf(path, 'claim')
  const segments = readdirSync(join(path, 'segments'))
  assert.ok(claims.every(claim => segments.includes(`${claim['segment']}.seg`)))
  const names = claims.map(claim => `${claim['stream']}.${claim['token']}`).sort()
  assert.deepEqual(names, ['@chosen.1', '@files.1', `${run}.2`].sort())
})

test('the pages on the format say enough to know which items are finished, by index and by key, and their results (B3)', {
  skip: skipWithoutPython,
}, () => {
  const { lines, status, stderr } = readStore(path, ['k0', 'k3', 'k4', 'K0', 'x'])
  assert.equal(status, 0, stderr)
  const items = new Map(lines.filter(line => line['kind'] === 'items').map(line => [line['path'], line]))
  assert.deepEqual([items.get('written')?.['indexes'], items.get('written')?.['results']], [3_000, []])
  const doubled = items.get('doubled') ?? assert.fail()
  assert.deepEqual([doubled['indexes'], doubled['keys'], doubled['known']], [0, 4, ['k0', 'k3']])
  // 0, 2, 4, 6 as CBOR.
  assert.deepEqual(doubled['results'], [
    [0, '00'],
    [1, '02'],
    [2, '04'],
    [3, '06'],
  ])
})

/** What tells records apart. */
const facts = ({ type, path: stage, token, sequence, time }: ReadLine) => ({ type, path: stage, token, sequence, time })

/** A copy of the store with one of its files changed. */
function damagedCopy(name: string, change: (bytes: Buffer) => Buffer): string {
  const copy = mkdtempSync(join(folder, 'copy-'))
  cpSync(path, copy, { recursive: true, filter: source => !source.includes('.sqlite') })
  const file = join(copy, name)
  writeFileSync(file, change(readFileSync(file)))
  return copy
}

const flipAt = (share: number) => (bytes: Buffer) => {
  const at = Math.floor((bytes.length - 1) * share)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

test('the reader finds a changed byte wherever it is, so that what it accepts is proven', { skip: skipWithoutPython }, () => {
  const [pack = ''] = readdirSync(join(path, 'packs'))
  for (const share of [0, 0.3, 0.7, 1]) {
    assert.notEqual(readStore(damagedCopy(`packs/${pack}`, flipAt(share))).status, 0, `${share} of a pack`)
  }
  assert.notEqual(readStore(damagedCopy('waymark.json', flipAt(0.5))).status, 0)
})

test('the pages on the format tell a torn tail from damage', { skip: skipWithoutPython }, () => {
  const [name = ''] = readdirSync(join(path, 'segments'))
  const segmentOf = (store: string) => linesOf(store, 'segment').find(line => `${line['name']}.seg` === name) ?? assert.fail()
  const whole = segmentOf(path)
  assert.deepEqual([whole['torn'], whole['damaged']], [0, false])
  const torn = segmentOf(damagedCopy(`segments/${name}`, bytes => Buffer.concat([bytes, bytes.subarray(96, 150)])))
  assert.deepEqual([torn['torn'], torn['damaged'], torn['batches']], [54, false, whole['batches']])
})

test('the pages on the format say enough to find what a take-over copied of the owner before', {
  skip: skipWithoutPython,
}, () => {
  const read = linesOf(path, 'record')
  const last = read.findLast(line => line['token'] === 1) ?? assert.fail()
  const cut = damagedCopy(`segments/${last['segment']}.seg`, bytes => bytes.subarray(0, bytes.length - 30))
  const found = linesOf(cut, 'record')
  assert.deepEqual(found.map(facts), read.map(facts))
  assert.notEqual(found.find(line => line['token'] === 1 && line['sequence'] === last['sequence'])?.['segment'], last['segment'])
})
