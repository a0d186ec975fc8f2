import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type CheckpointInfo, open } from 'waymark'
import { fromSources } from '../../from-sources.ts'

const fixture = fileURLToPath(new URL('../fixtures/saver.ts', import.meta.url))

type Told = readonly [id: string, order: number, n: number]

/**
 * Real processes save into one store at once; then all of it is found, in one order, and a sample loads as it was saved.
 * Resolves with one line that says what was done.
 */
export async function manySavers(processes: number, saves: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-many-savers-'))
  try {
    const path = join(folder, '.waymark')
    const told = await Promise.all(Array.from({ length: processes }, (_, i) => runSaver(path, i, saves)))
    const all = told.flat()
    assert.equal(new Set(all.map(([id]) => id)).size, processes * saves, 'an id was given twice')
    for (const own of told)
      for (const [i, [id, order]] of own.entries()) assert.ok(order > (own[i - 1]?.[1] ?? 0), `${id} is no newer`)
    const loaded = await check(path, told)
    return `${processes} processes saved ${saves} times each: ${all.length} found in one order, ${loaded} loaded`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runSaver(path: string, number: number, saves: number): Promise<readonly Told[]> {
  const args = [...fromSources, fixture, path, `saver-${number}`, String(saves), String(number + 1)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 })
  return JSON.parse(stdout)
}

async function check(path: string, told: readonly (readonly Told[])[]): Promise<number> {
  const store = await open(path)
  try {
    const found = new Map<string, CheckpointInfo>()
    let last: CheckpointInfo | undefined
    for (;;) {
      const page: readonly CheckpointInfo[] = await store.list({ limit: 500, ...(last === undefined ? {} : { after: last }) })
      for (const info of page) {
        assert.ok(
          last === undefined || last.order > info.order || (last.order === info.order && last.id > info.id),
          'the list has no order',
        )
        assert.ok(!found.has(info.id), `${info.id} is listed twice`)
        found.set(info.id, info)
        last = info
      }
      if (page.length === 0) break
    }
    assert.equal(found.size, told.flat().length)
    const ids = told.flat().map(([id]) => id)
    assert.deepEqual(
      ids.filter(id => !found.has(id)),
      [],
    )
    assert.deepEqual(store.notices(), [])
    const sample = ids.filter((_, i) => i % Math.max(1, Math.floor(ids.length / 300)) === 0)
    for (const id of sample) checkValue(found.get(id), (await store.load(id)).value)
    return sample.length
  } finally {
    await store.close()
  }
}

function checkValue(info: CheckpointInfo | undefined, value: unknown): void {
  assert.ok(typeof value === 'object' && value !== null && 'bytes' in value && 'name' in value && 'n' in value)
  assert.ok(value.bytes instanceof Uint8Array)
  let sum = 0
  for (const byte of value.bytes) sum = (sum * 31 + byte) % 1_000_000_007
  assert.deepEqual({ name: value.name, n: value.n, sum }, info?.metadata)
}
