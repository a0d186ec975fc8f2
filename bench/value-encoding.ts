// npm run bench -- value-encoding      a few seconds
// node bench/value-encoding.ts --full  the sizes that the figures in docs/format-values.md were measured with
//
// Writing and reading values, against what else could do it: v8.serialize (not deterministic), JSON (on data it can hold) and cbor-x.
// The ratios are what to compare; the machine is whatever it is.
import { deserialize, serialize } from 'node:v8'
import { Encoder } from 'cbor-x'
import { decodeValue } from '../src/format/decode-value.ts'
import { encodeValue } from '../src/format/encode-value.ts'

const isFull = process.argv.includes('--full')
const taskCount = isFull ? 11_800 : 3_000
const recordCount = isFull ? 200_000 : 30_000
const rounds = isFull ? 5 : 3
const runsPerRound = 5

interface Contender {
  readonly name: string
  encode(value: unknown): Uint8Array | string
  decode(encoded: Uint8Array | string): unknown
}

const cborX = new Encoder({ structuredClone: true })
const contenders: readonly Contender[] = [
  { name: 'waymark', encode: value => encodeValue(value), decode: encoded => decodeValue(asBytes(encoded)) },
  { name: 'v8', encode: value => serialize(value), decode: encoded => deserialize(asBytes(encoded)) },
  { name: 'JSON', encode: value => JSON.stringify(value), decode: encoded => JSON.parse(String(encoded)) },
  { name: 'cbor-x', encode: value => cborX.encode(value), decode: encoded => cborX.decode(asBytes(encoded)) },
]

compare(`(a) nested state, ${taskCount} tasks with Dates, Maps and Sets`, nestedState(taskCount))
compare(`(b) ${recordCount} records of a table`, tableRecords(recordCount))
compareSmall({ id: 12, status: 'done', at: new Date(1_760_000_000_005), result: { rows: 12, ok: true, name: 'abcdefgh' } })

/** Each contender runs several times in a row, so that it pays for its own garbage; rounds alternate, so that noise hits all. */
function compare(title: string, value: unknown): void {
  const megabytes = JSON.stringify(value).length / 1e6
  console.log(`\n${title}; ${megabytes.toFixed(1)} MB as JSON`)
  const encoded = contenders.map(contender => contender.encode(value))
  const encodeMs = contenders.map((): number[] => [])
  const decodeMs = contenders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      encodeMs[index]?.push(...timesOf(() => contender.encode(value)))
      const bytes = encoded[index] ?? ''
      decodeMs[index]?.push(...timesOf(() => contender.decode(bytes)))
    }
  }
  const [ours = 0, oursBack = 0] = [median(encodeMs[0] ?? []), median(decodeMs[0] ?? [])]
  for (const [index, { name }] of contenders.entries()) {
    const [write, read] = [median(encodeMs[index] ?? []), median(decodeMs[index] ?? [])]
    console.log(
      [
        name.padEnd(9),
        `write ${columns(write, megabytes)}  waymark ${(write / ours).toFixed(2)}x as fast`,
        `read ${columns(read, megabytes)}  waymark ${(read / oursBack).toFixed(2)}x as fast`,
        `${((encoded[index]?.length ?? 0) / 1e6).toFixed(1)} MB`,
      ].join('   '),
    )
  }
}

/** Saves of single results are many and small. */
function compareSmall(value: unknown): void {
  console.log('\n(c) one small object')
  const count = 20_000
  for (const { name, encode, decode } of contenders) {
    const encoded = encode(value)
    const write = median(timesOf(() => repeat(count, () => encode(value)))) / count
    const read = median(timesOf(() => repeat(count, () => decode(encoded)))) / count
    console.log(`${name.padEnd(9)}   write ${(write * 1e6).toFixed(0)} ns   read ${(read * 1e6).toFixed(0)} ns`)
  }
}

function repeat(count: number, run: () => unknown): void {
  for (let index = 0; index < count; index++) run()
}

function timesOf(run: () => unknown): number[] {
  run()
  return Array.from({ length: runsPerRound }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

function columns(milliseconds: number, megabytes: number): string {
  return `${milliseconds.toFixed(1).padStart(6)} ms ${((megabytes / milliseconds) * 1000).toFixed(0).padStart(4)} MB/s`
}

function asBytes(encoded: Uint8Array | string): Uint8Array {
  return typeof encoded === 'string' ? Buffer.from(encoded) : encoded
}

/** xorshift32 from 0 to 1: the same data every time. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

function vocabulary(random: () => number) {
  const words =
    'alpha orders fetch page cursor retry timeout parsed written remote invalid customer invoice total region report daily ledger'.split(
      ' ',
    )
  const below = (limit: number) => Math.floor(random() * limit)
  const oneOf = (list: readonly string[]) => list[below(list.length)] ?? ''
  return {
    below,
    oneOf,
    word: () => oneOf(words),
    text: (count: number) => Array.from({ length: count }, () => oneOf(words)).join(' '),
  }
}

function nestedState(count: number): unknown {
  const random = seededRandom(7)
  const { below, oneOf, word, text } = vocabulary(random)
  const when = () => new Date(1_760_000_000_000 + below(1e9))
  const tasks = Array.from({ length: count }, (_, index) => ({
    id: `task-${String(index).padStart(6, '0')}`,
    status: oneOf(['done', 'running', 'failed', 'pending']),
    attempts: below(4),
    createdAt: when(),
    finishedAt: random() < 0.5 ? when() : null,
    priority: below(10),
    score: random(),
    url: `https://api.example.com/v2/${word()}/${index}?page=${below(50)}`,
    tags: Array.from({ length: below(4) }, word),
    history: Array.from({ length: 1 + below(4) }, () => ({
      at: when(),
      event: word(),
      worker: `w${below(16)}`,
      ms: below(1e7) / 100,
    })),
    result: random() < 0.6 ? { rows: below(1e5), bytes: below(1e9), message: text(3 + below(6)), ok: true, parent: null } : null,
    counters: new Map([
      ['read', below(1e4)],
      ['written', below(1e4)],
      ['skipped', 0],
    ]),
    seen: new Set([below(1e6), below(1e6)]),
    meta: {
      owner: { name: text(2), email: `${word()}@example.com` },
      flags: [true, false, null],
      nested: { a: { b: { c: index } } },
    },
  }))
  return {
    version: 3,
    startedAt: when(),
    cursor: 'eyJhIjoxMjM0NTY3fQ==',
    tasks,
    byName: new Map(tasks.map(task => [task.id, task.attempts])),
  }
}

function tableRecords(count: number): unknown {
  const random = seededRandom(9)
  const { below, oneOf, text } = vocabulary(random)
  return Array.from({ length: count }, (_, id) => ({
    id,
    orderId: `ORD-${String(id * 7).padStart(8, '0')}`,
    customer: text(2),
    amount: below(1e5) / 100,
    currency: oneOf(['EUR', 'USD', 'GBP']),
    quantity: below(20),
    country: oneOf(['DE', 'FR', 'US', 'GB', 'IT']),
    paid: random() < 0.8,
    createdAt: 1_760_000_000_000 + below(1e9),
    note: random() < 0.3 ? null : text(3),
  }))
}
