import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, type Store } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { exportHead, lengthBytes } from '../../src/format/exported-checkpoint.ts'
import { faultyFiles } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { withStore } from './with-store.ts'

const random = seededRandom(7)
const rowsOf = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: `row ${id}`, at: new Date(id * 1000) }))

/** Values of many objects, with leaves that are parts of their own between them. */
const mixed = {
  epoch: 3,
  orders: rowsOf(4_000),
  weights: Float64Array.from({ length: 60_000 }, () => random.integer(1_000) / 7),
  names: new Map([['a', new Set([1n, 2n])]]),
  raw: Buffer.from(random.bytes(200_000)),
  tail: rowsOf(900),
}

const labels = {
  run: 'r1',
  stage: 'train',
  type: 'model',
  tags: ['a', 'b'],
  metadata: { loss: 0.5, at: new Date(5) },
  description: 'x',
} as const

async function exportInto(store: Store, folder: string, id: string, name = 'x.wmk'): Promise<string> {
  const path = join(folder, name)
  await store.exportTo(path, id)
  return path
}

const refused =
  (...codes: readonly string[]) =>
  (error: unknown) => {
    assert.ok(isWaymarkError(error), String(error))
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
    return true
  }

test('what is exported comes into another store as it was: value, digest, parts, facts, whatever it holds', async () => {
  await withStore(async (from, folder) => {
    mkdirSync(join(folder, 'files/inner'), { recursive: true })
    writeFileSync(join(folder, 'files/a.txt'), 'a file')
    writeFileSync(join(folder, 'files/inner/b.bin'), random.bytes(90_000))
    const contents = [
      { value: { small: [1, undefined, -0, new Date(9)] } },
      { value: null },
      { value: mixed },
      // Its keys are only told by its outline.
      { value: { a: 1, text: 'x'.repeat(4_300_000) } },
      { value: Buffer.from(random.bytes(700_000)) },
      { rows: rowsOf(20_000) },
      { rows: [] },
      { bytes: Buffer.from(random.bytes(1_300_000)) },
      { bytes: Buffer.alloc(0) },
      { files: join(folder, 'files') },
    ]
    await withStore(async to => {
      for (const [index, content] of contents.entries()) {
        const saved = await from.save({ ...labels, ...content, ttlMs: 1e9 })
        const path = await exportInto(from, folder, saved.id, `${index}.wmk`)
        const got = await to.importFrom(path, { keepId: true })
        const facts = ({
          id,
          run,
          stage,
          type,
          tags,
          metadata,
          description,
          digest,
          encoding,
          logicalBytes,
          rows,
          expiresAt,
        }: typeof saved) => [id, run, stage, type, tags, metadata, description, digest, encoding, logicalBytes, rows, expiresAt]
        assert.deepEqual(facts(got), facts(saved), `content ${index}`)
        assert.deepEqual((await to.load(got.id)).value, (await from.load(saved.id)).value)
        const [one, other] = [await to.info(got.id), await from.info(saved.id)]
        assert.deepEqual([one.keys, one.files], [other.keys, other.files])
      }
      const found = await to.list({ where: { logicalBytes: { gt: 400_000 } }, type: 'model', limit: 50 })
      assert.deepEqual(
        (
          await to.load(
            found.find(one => one.encoding === 'cbor' && one.logicalBytes > 800_000 && one.logicalBytes < 4_000_000)?.id ?? '',
            {
              path: 'tail[3].name',
            },
          )
        ).value,
        'row 3',
      )
      assert.equal((await to.verify({ full: true })).ok, true)
    })
  })
})

test('what comes again takes no room again: its chunks are those that are there', async () => {
  await withStore(async (store, folder) => {
    const saved = await store.save({ value: mixed })
    const again = await store.importFrom(await exportInto(store, folder, saved.id))
    assert.notEqual(again.id, saved.id)
    assert.ok(again.storedBytes < saved.storedBytes / 20, `${again.storedBytes} of ${saved.storedBytes}`)
  })
})

test('what is given goes before what the file says; an id that is there is a conflict', async () => {
  await withStore(async (store, folder) => {
    const saved = await store.save({ ...labels, id: 'mine', value: 1 })
    const path = await exportInto(store, folder, saved.id)
    const got = await store.importFrom(path, { id: 'other', type: 'note', tags: ['c'], stage: 's' })
    assert.deepEqual(
      [got.id, got.type, got.tags, got.run, got.stage, got.metadata],
      ['other', 'note', ['c'], 'r1', 's', labels.metadata],
    )
    await assert.rejects(store.importFrom(path, { keepId: true }), refused('conflict'))
  })
})

test('a bit flipped anywhere, a cut anywhere, bytes behind the end: refused, and nothing is saved', async () => {
  for (const value of [{ a: [1, 2, 'three'] }, mixed]) {
    await withStore(async (store, folder) => {
      const { id } = await store.save({ ...labels, value })
      const whole = readFileSync(await exportInto(store, folder, id))
      const path = join(folder, 'damaged.wmk')
      const step = Math.max(1, Math.floor(whole.length / 150))
      const tries: Buffer[] = [Buffer.concat([whole, Buffer.from([0])])]
      for (let at = 0; at < whole.length; at += step) {
        const flipped = Buffer.from(whole)
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at)
        tries.push(flipped, whole.subarray(0, at))
      }
      for (const [index, bytes] of tries.entries()) {
        writeFileSync(path, bytes)
        await assert.rejects(
          store.importFrom(path, { format: 'wmk' }),
          refused('corrupt', 'invalid', 'unsupported'),
          `try ${index}`,
        )
      }
      assert.equal((await store.summary()).checkpoints, 1)
      assert.equal((await store.verify({ full: true })).ok, true)
      writeFileSync(path, whole)
      await store.importFrom(path, { id: 'at-last' })
    })
  }
})

/** A file as somebody who knows the format can forge one: every digest is right. */
function forged(content: readonly Uint8Array[], facts: Readonly<Record<string, unknown>>): Buffer {
  const digest = createHash('sha256')
  for (const piece of content) digest.update(createHash('sha256').update(piece).digest())
  const logicalBytes = content.reduce((sum, one) => sum + one.length, 0)
  const head = {
    ...{ id: 'x', type: 't', createdAt: 0, tags: [], metadata: {}, encoding: 'cbor', logicalBytes },
    digest: `chunks:sha256:${digest.digest('hex')}`,
    ...facts,
  }
  const encoded = encodeValue(head)
  const start = Buffer.from(exportHead({ ...head, encoding: 'cbor' }))
  const magic = start.subarray(0, start.indexOf(10) + 1)
  const parts = [
    magic,
    lengthBytes(encoded.length),
    encoded,
    ...content.flatMap(piece => [lengthBytes(piece.length), piece]),
    lengthBytes(0),
  ]
  const all = Buffer.concat(parts)
  return Buffer.concat([all, createHash('sha256').update(all).digest()])
}

test('a forged file whose digests are right is refused where it is not what it says', async () => {
  await withStore(async (store, folder) => {
    const path = join(folder, 'forged.wmk')
    const good = encodeValue({ a: 1 })
    const cases: readonly (readonly [string, Buffer])[] = [
      ['no value', forged([Buffer.from([0xff, 0xff])], {})],
      ['two values', forged([Buffer.concat([good, good])], {})],
      ['no rows', forged([good], { encoding: 'rows' })],
      ['another number of rows', forged([], { encoding: 'rows', rows: 5 })],
      ['another length', forged([good], { logicalBytes: 100 })],
      ['an endless length', forged([good], { logicalBytes: 2 ** 53 - 1 })],
      ['an unknown encoding', forged([good], { encoding: 'code' })],
      ['tags that are none', forged([good], { tags: [1] })],
      ['metadata that is none', forged([good], { metadata: new Map([['a', 1]]) })],
      ['a time that is none', forged([good], { createdAt: Number.NaN })],
      ['another digest', forged([good], { digest: 'sha256:00' })],
      ['an outline that is none', forged([good], { outline: Buffer.from([1]) })],
      ['a piece that is too long', forged([encodeValue('x'.repeat(300_000))], {})],
    ]
    for (const [what, bytes] of cases) {
      writeFileSync(path, bytes)
      await assert.rejects(store.importFrom(path), refused('corrupt'), what)
    }
    assert.equal((await store.summary()).checkpoints, 0)
    writeFileSync(path, forged([good], { metadata: { ['__proto__']: 1 } }))
    await assert.rejects(store.importFrom(path, { id: '../x', keepId: true }), refused('invalid'))
    writeFileSync(path, forged([good], { id: '../../etc' }))
    await assert.rejects(store.importFrom(path, { keepId: true }), refused('invalid'), 'an id that is a path')
    writeFileSync(path, 'waymark-checkpoint 2\nxxxxxxxxxxxxxxx')
    await assert.rejects(store.importFrom(path), refused('unsupported'))
    writeFileSync(path, 'something else')
    await assert.rejects(store.importFrom(path), refused('invalid'))
    writeFileSync(path, forged([good], {}))
    assert.deepEqual((await store.load((await store.importFrom(path)).id)).value, { a: 1 })
  })
})

test('a file appears whole or not at all, and one that is there is only replaced when asked to', async () => {
  await withStore(async (store, folder) => {
    const { id } = await store.save({ value: mixed })
    const path = await exportInto(store, folder, id)
    const before = readFileSync(path)
    await assert.rejects(store.exportTo(path, id), refused('conflict'))
    await assert.rejects(store.exportTo(folder, id, { replace: true }), refused('conflict'))
    await assert.rejects(store.exportTo(path, id, { replace: true, signal: AbortSignal.abort() }), refused('cancelled'))
    await assert.rejects(store.exportTo(path, id, { replace: true, format: 'json' }), refused('invalid'))
    await assert.rejects(store.exportTo(join(folder, 'no/such/folder'), id), refused('unavailable'))
    assert.ok(readFileSync(path).equals(before))
    await store.exportTo(path, id, { replace: true, format: 'json', lossy: true })
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).orders.length, 4_000)
    assert.deepEqual(readdirSync(folder).sort(), ['.waymark', 'x.wmk'])
  })
})

test('a full disk while exporting is told, and leaves neither a file nor a part of one', async () => {
  const isExport = (operation: { readonly kind: string; readonly path: string }) =>
    operation.kind === 'write' && operation.path.includes('x.wmk')
  const files = faultyFiles(nodeFiles, [{ when: isExport, code: 'ENOSPC', effect: 'part' }])
  await withStore(
    async (store, folder) => {
      const { id } = await store.save({ value: mixed })
      await assert.rejects(exportInto(store, folder, id), refused('disk_full'))
      assert.equal(files.failed.length, 1)
      assert.deepEqual(readdirSync(folder), ['.waymark'])
    },
    { components: { files } },
  )
})

test('a damaged checkpoint is not exported: the file is not there', async () => {
  await withStore(async (store, folder) => {
    const { id } = await store.save({ bytes: Buffer.from(random.bytes(400_000)) })
    const [pack = ''] = readdirSync(join(folder, '.waymark/packs'))
    const path = join(folder, '.waymark/packs', pack)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(200_000) ^ 1, 200_000)
    writeFileSync(path, bytes)
    await assert.rejects(exportInto(store, folder, id), refused('corrupt'))
    assert.equal(existsSync(join(folder, 'x.wmk')), false)
  })
})

test('JSON is refused where it would lie, with the place; lossy says what became of what', async () => {
  await withStore(async (store, folder) => {
    const value = { at: new Date(0), list: [1, { big: 5n }], nothing: Number.NaN, plain: 'x' }
    const { id } = await store.save({ value })
    const path = join(folder, 'x.json')
    await assert.rejects(store.exportTo(path, id, { format: 'json' }), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'invalid'))
      assert.match(error.message, /3 places: at at a Date/)
      return true
    })
    const lost: string[] = []
    await store.exportTo(path, id, { format: 'json', lossy: true, onLoss: losses => lost.push(...losses.map(loss => loss.path)) })
    assert.deepEqual(lost, ['at', 'list[1].big', 'nothing'])
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
      at: '1970-01-01T00:00:00.000Z',
      list: [1, { big: '5' }],
      nothing: null,
      plain: 'x',
    })
  })
})

test('JSON, rows, bytes and folders come in as what they are, also by another name', async () => {
  await withStore(async (store, folder) => {
    const put = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const value = async (path: string, options = {}) => (await store.load((await store.importFrom(path, options)).id)).value
    assert.deepEqual(await value(put('a.json', '\ufeff{"a":[1,null]}')), { a: [1, null] })
    assert.deepEqual(await value(put('a.jsonl', '{"a":1}\n\n2')), [{ a: 1 }, 2])
    assert.deepEqual(await value(put('a.txt', '{"a":1}'), { format: 'json' }), { a: 1 })
    assert.deepEqual(await value(put('a.dat', Buffer.from([0, 255]))), Buffer.from([0, 255]))
    mkdirSync(join(folder, 'in'))
    put('in/b.txt', 'b')
    const saved = await store.importFrom(join(folder, 'in'))
    assert.deepEqual((await store.info(saved.id)).files, [{ name: 'b.txt', bytes: 1 }])
    await assert.rejects(store.importFrom(put('b.json', '{"a":')), refused('invalid'))
    await assert.rejects(store.importFrom(put('c.json', Buffer.from([0x22, 0xff, 0x22]))), refused('invalid'))
    await assert.rejects(store.importFrom(put('b.jsonl', '1\n{')), refused('invalid'))
    await assert.rejects(store.importFrom(join(folder, 'nosuch')), refused('not_found'))
    await assert.rejects(store.importFrom(join(folder, 'in'), { format: 'json' }), refused('invalid'))
    assert.equal((await store.summary()).checkpoints, 5)
  })
})
