// node history-steps.js waymark FOLDER COUNT | json FOLDER COUNT | list FOLDER COUNT
// One side of bench/history.ts in a process of its own, so that its peak memory is its own. Prints one line of JSON.
import { deepStrictEqual } from 'node:assert/strict'
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { open } from '../../src/open.ts'
import { datesAndMaps, mapsAsEntries, type ObjectState, objectState, withChangedRows } from './object-states.ts'

export interface HistoryAnswer {
  /** Of each save, in their order. */
  readonly saveMs: readonly number[]
  /** Of each of ten lists. */
  readonly listMs: readonly number[]
}

interface Side {
  save(state: ObjectState, number: number): Promise<unknown>
  /** How many there are, with what is known of each without loading it. */
  list(): Promise<number>
  load(number: number): Promise<unknown>
  close(): Promise<void>
}

const [command = '', folder = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const side = command === 'json' ? handWritten() : await ours()
const saveMs: number[] = []
if (command !== 'list') await saveAll()
const listMs: number[] = []
for (let round = 0; round < 10; round++) {
  const start = performance.now()
  const found = await side.list()
  listMs.push(performance.now() - start)
  if (found !== count) throw new Error(`${found} checkpoints listed, not ${count}`)
}
await side.close()
console.log(JSON.stringify({ saveMs, listMs } satisfies HistoryAnswer))

async function saveAll(): Promise<void> {
  let state = objectState(1e6, 1)
  let middle = state
  for (let number = 0; number < count; number++) {
    state = withChangedRows(state, 0, 'scattered', number)
    if (number === count >> 1) middle = state
    const start = performance.now()
    await side.save(state, number)
    saveMs.push(performance.now() - start)
  }
  deepStrictEqual(await side.load(count >> 1), middle)
  deepStrictEqual(await side.load(count - 1), state)
}

async function ours(): Promise<Side> {
  const store = await open(folder)
  const ids: string[] = []
  return {
    save: async value => ids.push((await store.save({ value, run: 'bench', stage: 'state' })).id),
    list: async () => (await store.list({ limit: count })).length,
    load: async number => (await store.load(ids[number] ?? '')).value,
    close: () => store.close(),
  }
}

/** A file for each checkpoint, written aside, synced and renamed. Synced is only the file, as most of these do. */
function handWritten(): Side {
  const pathOf = (number: number) => join(folder, `${String(number).padStart(6, '0')}.json.gz`)
  return {
    save: async (state, number) => {
      const file = openSync(join(folder, 'aside'), 'w')
      writeSync(file, gzipSync(JSON.stringify(state, mapsAsEntries)))
      fsyncSync(file)
      closeSync(file)
      renameSync(join(folder, 'aside'), pathOf(number))
    },
    list: async () => readdirSync(folder).map(name => ({ name, ...statSync(join(folder, name)) })).length,
    load: async number => JSON.parse(gunzipSync(readFileSync(pathOf(number))).toString(), datesAndMaps),
    close: async () => {},
  }
}
