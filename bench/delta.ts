// npm run bench -- delta      half a minute
//
// Changed chunks kept as our own deltas (then zstd level 1 in frames of 256 KiB, as they are stored), against zstd with the same base
// as dictionary, chunk by chunk, and against keeping them whole. Only chunks that no old chunk equals count, in both versions.
// Every contender's bytes are read back and compared.
import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import { blobChunks, type ChunkSizes, chunkLength, valueChunks } from '../src/format/cut-chunks.ts'
import { applyDelta, encodeDelta } from '../src/format/delta.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'

const totalBytes = 12_000_000
const frameBytes = 256 * 1024
const rounds = 3
const mostBaseChunks = 8

interface Changed {
  readonly target: Buffer
  readonly base: Buffer
}

interface Contender {
  readonly name: string
  /** What is stored for the changed chunks, and how to get them back. */
  write(changed: readonly Changed[]): { readonly stored: readonly Uint8Array[]; read(): readonly Uint8Array[] }
}

const level1 = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }
const contenders: readonly Contender[] = [
  { name: 'whole, zstd-1 frames', write: changed => framed(changed.map(({ target }) => target)) },
  { name: 'delta, no zstd', write: changed => readingBack(changed, deltasOf(changed), deltas => deltas) },
  {
    name: 'delta, zstd-1 frames',
    write: changed => {
      const { stored, read } = framed(deltasOf(changed))
      return readingBack(changed, stored, read)
    },
  },
]
const dictionaryContenders: readonly Contender[] = [1, 3].map(level => ({
  name: `zstd-${level}, base as dictionary`,
  write: changed => {
    const params = { [zlib.constants.ZSTD_c_compressionLevel]: level }
    const stored = changed.map(({ target, base }) => zlib.zstdCompressSync(target, { params, dictionary: base }))
    return {
      stored,
      read: () => stored.map((bytes, index) => zlib.zstdDecompressSync(bytes, { dictionary: changed[index]?.base ?? bytes })),
    }
  },
}))

const random = seededRandom(5)
const usesDictionary = dictionaryWorks()
if (!usesDictionary)
  console.log(`\n!!! Node ${process.version} ignores the option dictionary of zstd: nothing to compare with !!!`)

const json = jsonRows()
const columns = randomWalk()
for (const { name, sizes, old, versions } of [
  { name: 'JSON-like text', sizes: valueChunks, old: json.text, versions: json.versions },
  { name: 'float64 columns', sizes: blobChunks, old: columns.bytes, versions: columns.versions },
]) {
  for (const [edit, bytes] of versions) compare(`${name}, ${edit}`, changedChunks(old, bytes, sizes))
}

function compare(title: string, changed: readonly Changed[]): void {
  const raw = changed.reduce((sum, { target }) => sum + target.length, 0)
  console.log(`\n${title}: ${changed.length} changed chunks, ${(raw / 1e3).toFixed(0)} of ${totalBytes / 1e3} KB`)
  for (const { name, write } of usesDictionary ? [...contenders, ...dictionaryContenders] : contenders) {
    const writeMs: number[] = []
    const readMs: number[] = []
    let size = 0
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now()
      const { stored, read } = write(changed)
      const middle = performance.now()
      const back = read()
      const end = performance.now()
      if (back.some((bytes, index) => changed[index]?.target.equals(bytes) !== true)) throw new Error(`${name} lost bytes`)
      size = stored.reduce((sum, bytes) => sum + bytes.length, 0)
      if (round > 0) {
        writeMs.push(middle - start)
        readMs.push(end - middle)
      }
    }
    console.log(
      [
        name.padEnd(28),
        `${(size / 1e3).toFixed(1).padStart(8)} KB stored`,
        `write ${speed(raw, writeMs)} MB/s`,
        `read ${speed(raw, readMs)} MB/s`,
      ].join('   '),
    )
  }
}

function speed(bytes: number, times: readonly number[]): string {
  return (bytes / 1e3 / Math.min(...times)).toFixed(0).padStart(5)
}

function deltasOf(changed: readonly Changed[]): Uint8Array[] {
  return changed.map(({ target, base }) => encodeDelta(target, base, target.length + 64) ?? target)
}

function readingBack(
  changed: readonly Changed[],
  stored: readonly Uint8Array[],
  deltas: (stored: readonly Uint8Array[]) => readonly Uint8Array[],
) {
  return {
    stored,
    read: () =>
      deltas(stored).map((delta, index) => {
        const { base, target } = changed[index] ?? { base: delta, target: delta }
        return applyDelta(delta, base, target.length)
      }),
  }
}

/** Back to back, compressed whenever a frame is full. */
function framed(payloads: readonly Uint8Array[]) {
  const frames: { bytes: Uint8Array; lengths: number[] }[] = []
  let open: Uint8Array[] = []
  let size = 0
  const close = () => {
    const bytes = zlib.zstdCompressSync(Buffer.concat(open), level1)
    frames.push({ bytes, lengths: open.map(({ length }) => length) })
    open = []
    size = 0
  }
  for (const payload of payloads) {
    open.push(payload)
    size += payload.length
    if (size >= frameBytes) close()
  }
  if (open.length > 0) close()
  return {
    stored: frames.map(({ bytes }) => bytes),
    read: () =>
      frames.flatMap(({ bytes, lengths }) => {
        const raw = zlib.zstdDecompressSync(bytes)
        let at = 0
        return lengths.map(length => {
          at += length
          return raw.subarray(at - length, at)
        })
      }),
  }
}

interface Chunk {
  readonly from: number
  readonly end: number
  readonly digest: string
}

function cut(bytes: Buffer, sizes: ChunkSizes): Chunk[] {
  const chunks: Chunk[] = []
  for (let from = 0; from < bytes.length; ) {
    const end = from + chunkLength(bytes, from, bytes.length, sizes)
    chunks.push({ from, end, digest: createHash('sha256').update(bytes.subarray(from, end)).digest('hex') })
    from = end
  }
  return chunks
}

/** New chunks, each with the old chunks that stood where it stands, counted from the last chunk that both versions have. */
function changedChunks(old: Buffer, bytes: Buffer, sizes: ChunkSizes): Changed[] {
  const oldChunks = cut(old, sizes)
  const placeOf = new Map(oldChunks.map(({ digest, end }) => [digest, end]))
  const changed: Changed[] = []
  let distance = 0
  for (const { from, end, digest } of cut(bytes, sizes)) {
    const known = placeOf.get(digest)
    if (known !== undefined) {
      distance = known - end
      continue
    }
    const bases = oldChunks.filter(chunk => chunk.end > from + distance && chunk.from < end + distance).slice(0, mostBaseChunks)
    changed.push({
      target: bytes.subarray(from, end),
      base: old.subarray(bases[0]?.from ?? 0, bases.at(-1)?.end ?? 0),
    })
  }
  return changed
}

/** The same page compressed with itself as dictionary must all but vanish. */
function dictionaryWorks(): boolean {
  const page = Buffer.from(random.bytes(4096))
  return zlib.zstdCompressSync(page, { dictionary: page }).length < 400
}

function jsonRows() {
  const words = 'alpha orders fetch page cursor retry timeout parsed written remote invalid customer invoice total region'.split(
    ' ',
  )
  const text = (count: number) => Array.from({ length: count }, () => random.pick(words)).join(' ')
  const row = (id: number) => ({
    id,
    orderId: `ORD-${String(id * 7).padStart(8, '0')}`,
    customer: text(2),
    amount: random.integer(1e5) / 100,
    currency: random.pick(['EUR', 'USD', 'GBP']),
    quantity: random.integer(20),
    paid: random.bool(0.8),
    createdAt: 1_760_000_000_000 + random.integer(1e9),
    note: random.bool(0.3) ? null : text(3),
  })
  const rows: ReturnType<typeof row>[] = []
  for (let size = 0; size < totalBytes; size += JSON.stringify(rows.at(-1)).length + 2) rows.push(row(rows.length))
  const lines = (list: readonly object[]) => Buffer.from(list.map(item => JSON.stringify(item)).join(',\n'))
  const bytes = lines(rows)
  const similar = lines(rows.map(({ id }) => row(id)))
  return {
    text: bytes,
    versions: [
      ['1 % of pages rewritten', rewritePages(bytes, similar)],
      [
        '1 % of rows with one field changed',
        lines(rows.map(item => (random.bool(0.01) ? { ...item, amount: random.integer(1e6) / 100 } : item))),
      ],
      ['1 KiB inserted', insert(bytes, similar.subarray(5000, 6024))],
    ] as const,
  }
}

function randomWalk() {
  const walk = () => {
    const values = new Float64Array(totalBytes / 8)
    let value = 100
    for (let index = 0; index < values.length; index++) {
      value += random.next() - 0.5
      values[index] = value
    }
    return values
  }
  const values = walk()
  const similar = Buffer.from(walk().buffer)
  const bytes = Buffer.from(values.buffer)
  const edited = values.map(value => (random.bool(0.01) ? value + random.next() : value))
  return {
    bytes,
    versions: [
      ['1 % of pages rewritten', rewritePages(bytes, similar)],
      ['1 % of values changed', Buffer.from(edited.buffer)],
      ['1 KiB inserted', insert(bytes, similar.subarray(5000, 6024))],
    ] as const,
  }
}

function rewritePages(bytes: Buffer, similar: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let page = 0; page + 4096 <= copy.length; page += 4096)
    if (random.bool(0.01)) copy.set(similar.subarray(page, page + 4096), page)
  return copy
}

function insert(bytes: Buffer, added: Buffer): Buffer {
  const at = bytes.length / 3
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)])
}
