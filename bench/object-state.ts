// node --conditions=waymark-source bench/object-state.ts [--megabytes 10,100] [--rounds N]
// A nested state saved and loaded, beside the hand-written way (JSON.stringify and gzip at its default level, in memory only, so without the disk that ours includes) and a bare
// v8.serialize. Once as it is, with Dates and Maps, once in what JSON carries. Medians of the rounds; contenders take turns, and a run that is not
// counted pays for the garbage of the one before. "block" is the longest time in which the event loop stood still.
import { deepStrictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { SaveMode } from '../src/engine/value-snapshot.ts'
import { open } from '../src/open.ts'
import { folderBytes } from './shared/folder-bytes.ts'
import { datesAndMaps, jsonSafe, mapsAsEntries, type ObjectState, objectState, withChangedRows } from './shared/object-states.ts'
import { Samples } from './shared/samples.ts'

const { values: given } = parseArgs({ options: { megabytes: { type: 'string', default: '10,100' }, rounds: { type: 'string' } } })

/** Makes every contender's code hot, and what is measured now is thrown away. */
await measureState(objectState(1e6, 1), 2)
await checkRoundTrip(objectState(1e6, 1))
for (const megabytes of given.megabytes.split(',').map(Number)) {
  const rounds = Number(given.rounds ?? (megabytes > 50 ? 3 : 7))
  const state = objectState(megabytes * 1e6, 1)
  report(megabytes, rounds, await measureState(state, rounds))
}

async function measureState(state: ObjectState, rounds: number): Promise<Samples> {
  const samples = new Samples()
  const safe = jsonSafe(state)
  for (let round = 0; round < rounds; round++) {
    await measureOurs(samples, state, safe, round)
    await measureHandWritten(samples, state, safe)
    serialize(state)
    const serialized = await samples.take('v8.serialize', () => serialize(state))
    await samples.take('v8.deserialize', () => deserialize(serialized))
  }
  return samples
}

async function measureOurs(samples: Samples, state: ObjectState, safe: unknown, round: number): Promise<void> {
  const before = withChangedRows(state, 0.01, 'scattered', 100 + round)
  await withFreshStore(save => save(new Samples(), 'not counted', before))
  await withFreshStore(async (save, load) => {
    const contiguous = withChangedRows(before, 0.01, 'contiguous', 200 + round)
    const scattered = withChangedRows(contiguous, 0.01, 'scattered', 300 + round)
    await save(samples, 'first save', before)
    await save(samples, 'unchanged', before)
    await save(samples, '1 % of rows, contiguous', contiguous)
    const last = await save(samples, '1 % of rows, scattered', scattered)
    await samples.take('load', () => load(last))
  })
  await withFreshStore(async (save, load) => {
    const id = await save(samples, 'first save, JSON-safe', safe)
    await samples.take('load, JSON-safe', () => load(id))
  })
  for (const mode of ['cooperative', 'immutable'] as const) {
    await withFreshStore(async save => {
      const changed = withChangedRows(state, 0.01, 'contiguous', 400 + round)
      await save(samples, `${mode}: first save`, state, mode)
      await save(samples, `${mode}: unchanged`, state, mode)
      await save(samples, `${mode}: 1 % contiguous`, changed, mode)
      await save(samples, `${mode}: 1 % scattered`, withChangedRows(changed, 0.01, 'scattered', 500 + round), mode)
    })
  }
}

async function measureHandWritten(samples: Samples, state: ObjectState, safe: unknown): Promise<void> {
  const length = (zipped: Uint8Array) => zipped.length
  const zipped = await samples.take('JSON + gzip', () => gzipSync(JSON.stringify(state, mapsAsEntries)), length)
  await samples.take('gunzip + JSON with reviver', () => JSON.parse(gunzipSync(zipped).toString(), datesAndMaps))
  const zippedSafe = await samples.take('JSON + gzip, JSON-safe', () => gzipSync(JSON.stringify(safe)), length)
  await samples.take('gunzip + JSON, JSON-safe', () => JSON.parse(gunzipSync(zippedSafe).toString()))
}

/** A figure counts only if what was saved comes back, the step from the state before included. */
async function checkRoundTrip(state: ObjectState): Promise<void> {
  await withFreshStore(async (save, load) => {
    const changed = withChangedRows(state, 0.01, 'scattered', 600)
    const ids = [await save(new Samples(), 'not counted', state), await save(new Samples(), 'not counted', changed)]
    deepStrictEqual(await Promise.all(ids.map(load)), [state, changed])
  })
}

type Save = (samples: Samples, name: string, value: unknown, mode?: SaveMode) => Promise<string>
type Load = (id: string) => Promise<unknown>

async function withFreshStore(use: (save: Save, load: Load) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
  const store = await open(join(folder, 'store'))
  const save: Save = async (samples, name, value, mode) => {
    const before = folderBytes(folder).truth
    const options = { value, run: 'bench', stage: 'state', ...(mode === undefined ? {} : { mode }) }
    return (
      await samples.take(
        name,
        () => store.save(options),
        () => folderBytes(folder).truth - before,
      )
    ).id
  }
  try {
    await use(save, async id => (await store.load(id)).value)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(megabytes: number, rounds: number, samples: Samples): void {
  console.log(`\n${megabytes} MB as JSON, ${rounds} rounds`)
  samples.print()
  const stored = (name: string) => `${(samples.storedBytes(name) / 1e6).toFixed(3)} MB`
  const say = (what: string, figure: string, goal: string) => console.log(`  → ${what.padEnd(34)} ${figure}   (goal ${goal})`)
  const small = (text: string) => (megabytes > 50 ? 'of 10 MB' : text)
  const large = (text: string) => (megabytes > 50 ? text : 'of 100 MB')
  say('first save', samples.ratio('first save', 'JSON + gzip'), large('<= 0.35'))
  say('first save, JSON-safe', samples.ratio('first save, JSON-safe', 'JSON + gzip, JSON-safe'), large('<= 0.35'))
  say('first save', samples.ratio('first save', 'v8.serialize'), small('<= 1.4'))
  say('1 % contiguous stores', stored('1 % of rows, contiguous'), large('<= 0.4 MB'))
  say('1 % scattered stores', stored('1 % of rows, scattered'), large('<= 0.4 MB'))
  say('load', samples.ratio('load', 'gunzip + JSON with reviver'), large('<= 1.0'))
  say('load, JSON-safe', samples.ratio('load, JSON-safe', 'gunzip + JSON, JSON-safe'), large('<= 1.6'))
  const block = (name: string) => `${(samples.blockMs(name) / samples.wallMs('v8.serialize')).toFixed(2)} × v8.serialize`
  say('snapshot: longest block, first', block('first save'), '<= 1.0')
  say('snapshot: longest block, 1 %', block('1 % of rows, scattered'), '<= 1.0')
  if (Number.isNaN(samples.wallMs('cooperative: first save'))) {
    console.log('  → SKIPPED: this version has no cooperative and no immutable mode')
    return
  }
  const cooperative = ['first save', 'unchanged', '1 % contiguous', '1 % scattered'].map(step =>
    samples.blockMs(`cooperative: ${step}`),
  )
  say('cooperative: longest block', `${Math.max(...cooperative).toFixed(1)} ms`, '<= 5 ms')
  say('immutable: unchanged', samples.ratio('immutable: unchanged', 'v8.serialize'), small('<= 0.067'))
}
