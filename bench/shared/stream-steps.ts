// node stream-steps.js (nothing | plain-rows | bytes | rows) FOLDER MEGABYTES
// One step of bench/streams.ts in a process of its own, so that its memory can be read from outside. Prints one line of JSON.
import { createHash } from 'node:crypto'
import { open } from '../../src/open.ts'

const [what = '', folder = '', megabytes = '1000'] = process.argv.slice(2)
const total = Number(megabytes) * 1e6
const times: Record<string, number> = {}

/** Half text, half numbers that compress little; each piece lies where the one before did. */
async function* pieces(hash: ReturnType<typeof createHash>): AsyncIterable<Uint8Array> {
  const piece = Buffer.alloc(1 << 20)
  const half = piece.length / 2
  for (let byte = 0; byte < half; byte += 32) piece.write(`row ${byte} of the stream, `.padEnd(32), byte, 'latin1')
  for (let at = 0, number = 0; at < total; at += piece.length) {
    // No text is made here: what it leaves behind would be counted as ours.
    for (let byte = 24; byte < half; byte += 32) piece.writeUInt32LE(number++, byte)
    for (let byte = half; byte < piece.length; byte += 8) piece.writeDoubleLE(Math.sqrt(number + byte), byte)
    hash.update(piece)
    yield piece
  }
}

const text =
  'some text that is a bit longer, as rows of real tables often have when they hold addresses, names and remarks of people'

async function* rows(): AsyncIterable<unknown> {
  for (let bytes = 0, id = 0; bytes < total; id++, bytes += 200) {
    yield { id, name: `row number ${id}`, price: id / 7, at: new Date(1.7e12 + id * 1_000), text }
  }
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  times[name] = performance.now() - start
  return result
}

async function count(values: AsyncIterable<unknown>): Promise<number> {
  let counted = 0
  for await (const _ of values) counted++
  return counted
}

if (what === 'plain-rows') await timed('rows made and dropped', () => count(rows()))
if (what === 'bytes' || what === 'rows') {
  const store = await open(folder)
  if (what === 'bytes') {
    const [given, got] = [createHash('sha256'), createHash('sha256')]
    const { id } = await timed('save', () => store.save({ bytes: pieces(given) }))
    await timed('load', async () => {
      for await (const piece of store.loadBytes(id)) got.update(piece)
    })
    if (given.digest('hex') !== got.digest('hex')) throw new Error('other bytes came back')
  } else {
    const saved = await timed('save', () => store.save({ rows: rows() }))
    const loaded = await timed('load', () => count(store.loadRows(saved.id)))
    if (loaded !== saved.rows) throw new Error(`${loaded} of ${saved.rows} rows came back`)
  }
  await store.close()
}
console.log(JSON.stringify(times))
