import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyFile, makeKeyFile, open, pipeline, type Store } from 'waymark'
import { findPlanted, planted } from './planted-marks.ts'

const record = (store: Store): Promise<unknown> =>
  pipeline('p', run =>
    run.stage('s', ctx =>
      ctx.record(
        planted('stream'),
        { [planted('key')]: planted('entry') },
        { artifact: { name: planted('name'), bytes: Buffer.from(planted('artifact').repeat(500)) } },
      ),
    ),
  ).run({}, { store, runId: 'r' })

test('E6 A13 what entries and artifacts of a sealed store hold is in no byte on the disk, and is there for who has the key', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-sealed-records-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await makeKeyFile(join(folder, 'a.key'))
  const plain = await open(join(folder, 'plain'))
  await record(plain)
  await plain.close()
  const found = new Set(findPlanted(join(folder, 'plain')).map(({ where }) => where))
  for (const where of ['stream', 'key', 'entry', 'name', 'artifact'])
    assert.ok(found.has(where), `${where} is not even in a plain store`)
  const path = join(folder, 'sealed')
  const store = await open({ path, key: keyFile(join(folder, 'a.key')) })
  await record(store)
  const { entries } = await store.records({ stream: planted('stream') })
  const [entry] = entries
  assert.deepEqual(
    [entries.length, entry?.entry, entry?.artifact?.name],
    [1, { [planted('key')]: planted('entry') }, planted('name')],
  )
  const pieces: Uint8Array[] = []
  for await (const piece of store.loadBytes(entry?.artifact?.id ?? '')) pieces.push(piece)
  assert.equal(Buffer.concat(pieces).toString(), planted('artifact').repeat(500))
  assert.deepEqual(findPlanted(path), [])
  await store.close()
  assert.deepEqual(findPlanted(path), [])
})
