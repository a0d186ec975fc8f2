import assert from 'node:assert/strict'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { csv, jsonl, pipeline, type Store } from 'waymark'
import { refused } from './refused-input.ts'
import { withStore } from './with-store.ts'

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `${JSON.stringify({ id: from + i })}\n`).join('')

/** A pass over the rows of a file, whose calls are noted; row 3 fails while `failing` says so. */
function passOver(folder: string, keyed = false) {
  const calls: number[] = []
  const state = { failing: true }
  const work = pipeline(`pass ${keyed}`, async run => {
    const result = await run.each(
      'import',
      jsonl<{ id: number }>(join(folder, 'in.jsonl')),
      row => {
        calls.push(row.id)
        if (state.failing && row.id === 3) throw new Error('bad row')
        return { id: row.id }
      },
      { output: jsonl(join(folder, 'out.jsonl')), ...(keyed ? { key: row => row.id } : {}) },
    )
    return run.stage('report', () => result.done)
  })
  const take = () => calls.splice(0)
  return { work, state, take }
}

async function inputOf(store: Store): Promise<Record<string, unknown>> {
  const [run] = await store.runs({ limit: 1 })
  const stages = await store.stages(run?.id ?? '')
  return { ...stages.find(stage => stage.path === 'import')?.input }
}

const written = (folder: string): number[] =>
  readFileSync(join(folder, 'out.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => Number(JSON.parse(line).id))

test('B5 size, time and SHA-256 of an input file are recorded with the stage', () =>
  withStore(async (store, folder) => {
    writeFileSync(join(folder, 'in.jsonl'), rows(1, 2))
    utimesSync(join(folder, 'in.jsonl'), 1_000_000, 1_000_000.5)
    await passOver(folder).work.run({}, { store })
    const input = await inputOf(store)
    assert.equal(input['size'], 18)
    assert.equal(input['mtimeMs'], 1_000_000_500)
    assert.match(String(input['digest']), /^sha256:[0-9a-f]{64}$/)
  }))

for (const keyed of [false, true]) {
  test(`B5 rows appended to a file are refused with their number, and once accepted only they are called (${keyed ? 'by key' : 'by index'})`, () =>
    withStore(async (store, folder) => {
      const { work, state, take } = passOver(folder, keyed)
      writeFileSync(join(folder, 'in.jsonl'), rows(1, 5))
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      assert.deepEqual(take(), [1, 2, 3])
      state.failing = false
      writeFileSync(join(folder, 'in.jsonl'), rows(1, 17))
      const error = await refused(work.run({}, { store }))
      assert.match(error.message, /the first 45 bytes are the same: the old part unchanged, 12 new lines \(116 bytes\)/)
      assert.match(error.means, /2 recorded items are kept.*only the new ones are called/)
      assert.match(error.remedy, /--accept-input/)
      assert.deepEqual(error.details['appended'], { bytes: 116, lines: 12 })
      assert.deepEqual(take(), [])
      const { proof } = await work.run({}, { store, acceptInput: true })
      assert.deepEqual(
        take(),
        Array.from({ length: 15 }, (_, i) => i + 3),
      )
      assert.deepEqual(proof?.items, { reused: 2, new: 15, total: 17 })
      assert.deepEqual(
        written(folder),
        Array.from({ length: 17 }, (_, i) => i + 1),
      )
    }))
}

test('B5 another change is refused with size, time and digest; accepted, it is redone by index and kept by key', () =>
  withStore(async (store, folder) => {
    for (const keyed of [false, true]) {
      const { work, state, take } = passOver(folder, keyed)
      writeFileSync(join(folder, 'in.jsonl'), rows(1, 5))
      utimesSync(join(folder, 'in.jsonl'), 1_000_000, 1_000_000)
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      take()
      state.failing = false
      writeFileSync(join(folder, 'in.jsonl'), rows(0, 5))
      const error = await refused(work.run({}, { store }))
      assert.match(error.message, /size 45 → 54 bytes, changed 1970-01-12 13:46:40 → 20.*, digest [0-9a-f]{8} → [0-9a-f]{8}/)
      assert.match(error.means, keyed ? /keys are recorded stay done/ : /all its items are called again/)
      await work.run({}, { store, acceptInput: true })
      assert.deepEqual(take(), keyed ? [0, 3, 4, 5] : [0, 1, 2, 3, 4, 5])
      assert.deepEqual(
        written(folder).sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5],
      )
    }
  }))

test('B5 a change that keeps size and time is seen all the same', () =>
  withStore(async (store, folder) => {
    const { work, state } = passOver(folder)
    const path = join(folder, 'in.jsonl')
    writeFileSync(path, rows(1, 5))
    utimesSync(path, 2_000_000, 2_000_000)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    writeFileSync(path, rows(1, 5).replace('5', '6'))
    utimesSync(path, 2_000_000, 2_000_000)
    const error = await refused(work.run({}, { store }))
    assert.match(error.message, /the size is the same \(45 bytes\), digest/)
  }))

test('B5 an append counts as one only where the old end was the end of a line [pitfall 4]', () =>
  withStore(async (store, folder) => {
    const path = join(folder, 'in.jsonl')
    for (const [before, after, expected] of [
      ['{"id":1}\n{"id":3}', '{"id":1}\n{"id":3}\n{"id":4}\n', /old part unchanged, 1 new line /],
      ['{"id":1}\n{"id":3}', '{"id":1}\n{"id":3}\r\n{"id":4}', /old part unchanged, 1 new line /],
      ['{"id":1}\n{"id":3}', '{"id":1}\n{"id":3} {"id":4}\n', /size 17 → 27/],
      ['{"id":1}\n{"id":3}\n', '{"id":1}\n{"id":3}\n{"id":4}', /old part unchanged, 1 new line /],
    ] as const) {
      const { work, state } = passOver(folder)
      writeFileSync(path, before)
      await assert.rejects(work.run({}, { store, fresh: true }), { code: 'failed' })
      state.failing = false
      writeFileSync(path, after)
      assert.match((await refused(work.run({}, { store }))).message, expected, JSON.stringify(after))
    }
  }))

test('B5 rows appended to the CSV of a finished pass are called when the run goes on, and what was made from it is made again', () =>
  withStore(async (store, folder) => {
    const path = join(folder, 'in.csv')
    const calls: string[] = []
    let failing = true
    const work = pipeline('grown', async run => {
      const result = await run.each('import', csv(path), row => void calls.push(String(row['id'])))
      const total = await run.stage('report', () => result.done)
      await run.stage('send', () => {
        if (failing) throw new Error('no network')
      })
      return total
    })
    writeFileSync(path, 'id\n1\n2\n')
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    failing = false
    writeFileSync(path, 'id\n1\n2\n3\n')
    await refused(work.run({}, { store }))
    const { value } = await work.run({}, { store, acceptInput: true })
    assert.deepEqual(calls, ['1', '2', '3'])
    assert.equal(value, 3)
  }))

test('B5 a completed run that is named goes on with what was appended since, and only with that', () =>
  withStore(async (store, folder) => {
    const { work, state, take } = passOver(folder)
    state.failing = false
    const path = join(folder, 'in.jsonl')
    writeFileSync(path, rows(1, 3))
    const { value } = await work.run({}, { store, runId: 'today' })
    assert.equal(value, 3)
    assert.deepEqual(take(), [1, 2, 3])
    for (const [upTo, called] of [
      [5, [4, 5]],
      [5, []],
      [6, [6]],
    ] as const) {
      writeFileSync(path, rows(1, upTo))
      const again = await work.run({}, { store, runId: 'today', acceptInput: true })
      assert.deepEqual(take(), called)
      assert.equal(again.value, upTo)
      assert.deepEqual(again.proof?.items, { reused: upTo - called.length, new: called.length, total: upTo })
    }
    assert.deepEqual(written(folder), [1, 2, 3, 4, 5, 6])
  }))

test('a file of which nothing is recorded yet may change without asking', () =>
  withStore(async (store, folder) => {
    const { work, state, take } = passOver(folder)
    writeFileSync(join(folder, 'in.jsonl'), rows(3, 4))
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    writeFileSync(join(folder, 'in.jsonl'), rows(1, 4))
    take()
    await work.run({}, { store })
    assert.deepEqual(take(), [1, 2, 3, 4])
  }))

test('the plan of a preview names an input that changed, and reads none whose size and time are as recorded', () =>
  withStore(async (store, folder) => {
    const { work, state } = passOver(folder)
    writeFileSync(join(folder, 'in.jsonl'), rows(1, 5))
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    writeFileSync(join(folder, 'in.jsonl'), rows(1, 6))
    const plans: unknown[] = []
    const look = (acceptInput: boolean) =>
      work.attempt({}, { store, planOnly: true, acceptInput, onEvent: event => event.type === 'plan' && plans.push(event.plan) })
    await look(false)
    await look(true)
    const [plain, accepted] = plans as {
      notices: string[]
      stages: { path: string; action: string; reason: string; recorded: number }[]
    }[]
    assert.match(plain?.notices.join() ?? '', /the input of import changed: .*1 new line .*it is refused until --accept-input/)
    const stage = accepted?.stages.find(({ path }) => path === 'import')
    assert.equal(stage?.action, 'continue')
    assert.equal(stage?.recorded, 2)
    assert.match(stage?.reason ?? '', /old part unchanged, 1 new line/)
  }))

test('a file that is changed while it is read is told', () =>
  withStore(async (store, folder) => {
    const path = join(folder, 'in.jsonl')
    writeFileSync(path, rows(1, 2))
    const notices: string[] = []
    const work = pipeline('touched', run =>
      run.each('import', jsonl<{ id: number }>(path), row => {
        if (row.id === 1) writeFileSync(path, rows(1, 3))
      }),
    )
    await work.run({}, { store, onEvent: event => event.type === 'notice' && notices.push(event.message) })
    assert.match(notices.join(), /in\.jsonl was changed while import read it/)
  }))
