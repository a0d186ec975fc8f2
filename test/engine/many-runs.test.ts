import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromSources } from '../from-sources.ts'
import { itemsOfRun, oneOfMany } from './fixtures/many-runs.ts'
import { withStore } from './with-store.ts'

const everyItem = Array.from({ length: itemsOfRun }, (_, n) => n)

function checkOutput(folder: string, name: string): void {
  const lines = readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
  const rows: { n: number; name: string }[] = lines.map(line => JSON.parse(line))
  assert.deepEqual(
    rows.map(row => row.n).sort((a, b) => a - b),
    everyItem,
    `${name}: the output is not every item once`,
  )
  assert.ok(
    rows.every(row => row.name === name),
    `${name} has a row of another run`,
  )
}

test('fifty runs of one process at once, every other of which fails and goes on, all complete with exact outputs [pitfall 7]', () =>
  withStore(async (store, folder) => {
    const names = Array.from({ length: 50 }, (_, i) => `run-${i}`)
    const called = new Map<string, number>()
    const go = (name: string, i: number) =>
      oneOfMany(folder, name, i % 2 === 1, n => {
        called.set(`${name} ${n}`, (called.get(`${name} ${n}`) ?? 0) + 1)
      }).run({}, { store, runId: name })
    const first = await Promise.allSettled(names.map(go))
    assert.deepEqual(
      first.map(outcome => outcome.status),
      names.map((_, i) => (i % 2 === 1 ? 'rejected' : 'fulfilled')),
    )
    const second = await Promise.all(names.map(go))
    for (const [i, name] of names.entries()) {
      assert.equal(second[i]?.value, itemsOfRun)
      checkOutput(folder, name)
      const again = everyItem.filter(n => called.get(`${name} ${n}`) !== 1)
      // With the one that failed, those in flight beside it.
      assert.ok(again.length <= (i % 2 === 1 ? 4 : 0), `${name} called ${again} not once`)
      assert.deepEqual(
        (await store.stages(name)).map(({ run, path, state, counts }) => [run, path, state, counts?.done]),
        [
          [name, 'items', 'completed', undefined],
          [name, 'work', 'completed', itemsOfRun],
        ],
      )
    }
    const runs = await store.runs({ limit: 100 })
    assert.deepEqual(new Set(runs.map(run => run.state)), new Set(['completed']))
    assert.equal(runs.length, 50)
    assert.deepEqual(store.notices(), [])
  }))

test('64 runs at once in eight processes on one store all complete, each with its own items only [pitfall 8]', () =>
  withStore(async (store, folder) => {
    const script = fileURLToPath(new URL('./fixtures/run-many.ts', import.meta.url))
    const processes = Array.from({ length: 8 }, (_, p) =>
      promisify(execFile)(process.execPath, [...fromSources, script, folder, `p${p}`, '8']),
    )
    for (const { stdout } of await Promise.all(processes)) assert.deepEqual(JSON.parse(stdout), Array(8).fill(itemsOfRun))
    for (let p = 0; p < 8; p++) for (let n = 0; n < 8; n++) checkOutput(folder, `p${p}-${n}`)
    const runs = await store.runs({ limit: 100 })
    assert.equal(runs.length, 64)
    assert.ok(runs.every(run => run.state === 'completed' && run.attempt === 1))
    assert.deepEqual(store.notices(), [])
  }))
