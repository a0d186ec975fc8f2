import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keyFile, type MasterKey, open, pipeline, type Store } from 'waymark'
import { findPlanted, planted } from './planted-marks.ts'

function world(t: TestContext): { readonly path: string; readonly key: MasterKey } {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-sealed-events-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'a.key'), 'a1b2'.repeat(16), { mode: 0o600 })
  return { path: join(folder, 'store'), key: keyFile(join(folder, 'a.key')) }
}

const record = (store: Store): Promise<unknown> =>
  pipeline(planted('pipeline'), async run => {
    await run.event(planted('type'), { [planted('key')]: planted('metadata'), list: [planted('long').repeat(50)] })
    await run.each('each', [1], (_, ctx) => ctx.event('item', {}), { key: () => planted('item') })
  }).run({}, { store, runId: planted('run') })

async function ask(store: Store): Promise<number> {
  const { events } = await store.events({ text: planted('metadata') })
  assert.deepEqual(
    events.map(({ type }) => type),
    [planted('type')],
  )
  const { events: all } = await store.events({ run: planted('run'), newestFirst: true })
  return all.length
}

test('E6 A7 what events of a sealed store hold is in no byte on the disk, asked for or not, and is found by text, run and page', async t => {
  const { path, key } = world(t)
  const plain = await open(join(path, '../plain'))
  await record(plain)
  const asked = await ask(plain)
  await plain.close()
  assert.ok(findPlanted(join(path, '../plain')).some(({ file, where }) => file === 'events.sqlite' && where === 'type'))
  const store = await open({ path, key })
  await record(store)
  assert.equal(await ask(store), asked)
  assert.deepEqual(findPlanted(path), [])
  await store.close()
  assert.deepEqual(findPlanted(path), [])
  assert.ok(!existsSync(join(path, 'events.sqlite')))
  const again = await open({ path, key })
  t.after(() => again.close())
  assert.equal(await ask(again), asked)
  assert.equal((await again.eventSummary(planted('run'))).events, asked)
})

test('E6 a store that is sealed later loses its plain index of events with the next rekey, and answers as before', async t => {
  const { path, key } = world(t)
  const plain = await open(path)
  await record(plain)
  const asked = await ask(plain)
  await plain.initKeys(key)
  await plain.close()
  assert.ok(existsSync(join(path, 'events.sqlite')))
  const store = await open({ path, key })
  t.after(() => store.close())
  assert.equal(await ask(store), asked)
  await store.rekey()
  assert.deepEqual(
    readdirSync(path).filter(name => name.startsWith('events.sqlite') && !name.endsWith('-lock')),
    [],
  )
  assert.equal(await ask(store), asked)
  assert.deepEqual(findPlanted(path), [])
})
