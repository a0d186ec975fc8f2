// npm run bench -- value-by-reference
//
// Encoding a state of 10 MB whose unchanged parts are known by reference, against v8.serialize of all of it.
import { serialize } from 'node:v8'
import { encodeParts } from '../src/format/encode-parts.ts'
import { encodePartsByReference } from '../src/format/encode-parts-by-reference.ts'
import { KnownSubtrees } from '../src/format/known-subtrees.ts'

const count = 60_000
const rounds = 7

const rows = Array.from({ length: count }, (_, id) => rowAt(id))
const state = {
  version: 1,
  rows,
  settings: { name: 'bench' },
  stages: Array.from({ length: 40 }, (_, stage) => rows.slice(stage * 100, stage * 100 + 90)),
}
const other = Array.from({ length: count }, (_, id) => rowAt(id + 1_000_000))
const scattered = rows.map((row, index) => (index % 100 === 0 ? (other[index] ?? row) : row))
const contiguous = rows.toSpliced(20_000, count / 100, ...other.slice(0, count / 100))

const baseline = median(Array.from({ length: rounds }, () => timeOf(() => serialize(state))))
const { length } = encodeParts(state)
console.log(`${(length / 1e6).toFixed(1)} MB, ${count} rows; v8.serialize ${baseline.toFixed(1)} ms`)
for (let round = 0; round < 3; round++) encodeParts(state).release()
show('encodeParts', () => encodeParts(state, { outline: true }).release())
measure('nothing known', undefined, state)
measure('the same object', state, state)
measure('another object, the same parts', state, { ...state })
measure('1 row added', state, { ...state, rows: [...rows, rowAt(-1)] })
measure('1 % of the rows, contiguous', state, { ...state, rows: contiguous })
measure('1 % of the rows, scattered', state, { ...state, rows: scattered })

function measure(name: string, before: unknown, after: unknown): void {
  const times: number[] = []
  let encodedBytes = 0
  for (let round = 0; round < rounds; round++) {
    const known = new KnownSubtrees()
    if (before !== undefined) {
      const first = encodePartsByReference(before, { outline: true }, known)
      first.remember()
      first.release()
    }
    const start = performance.now()
    const parts = encodePartsByReference(after, { outline: true }, known)
    times.push(performance.now() - start)
    encodedBytes = parts.parts.reduce((bytes, part) => bytes + (part.kind === 'known' ? 0 : part.length), 0)
    parts.release()
  }
  print(name, median(times), `${(encodedBytes / 1e3).toFixed(1).padStart(8)} KB encoded`)
}

function show(name: string, run: () => void): void {
  print(name, median(Array.from({ length: rounds }, () => timeOf(run))), '')
}

function print(name: string, ms: number, what: string): void {
  console.log(`${name.padEnd(31)} ${ms.toFixed(2).padStart(7)} ms   ${(ms / baseline).toFixed(3)} of v8.serialize   ${what}`)
}

function timeOf(run: () => unknown): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

function rowAt(id: number) {
  return {
    id,
    status: ['done', 'running', 'failed'][Math.abs(id) % 3],
    at: new Date(1_760_000_000_000 + id * 997),
    score: Math.sin(id),
    url: `https://api.example.com/v2/items/${id}?page=${id % 50}`,
    history: [
      { event: 'fetch', ms: id % 977 },
      { event: 'parse', ms: (id * 31) % 977 },
    ],
  }
}
