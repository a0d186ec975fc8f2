import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type InputFingerprint, jsonl, pipeline } from 'waymark'
import { refused } from './refused-input.ts'
import { withStore } from './with-store.ts'

/** A pass over an array that is known by what the caller says. */
function passBy(fingerprint: () => InputFingerprint) {
  const calls: number[] = []
  const state = { failing: true }
  const work = pipeline('fingerprint', async run => {
    await run.each(
      'import',
      [1, 2, 3, 4].values(),
      n => {
        calls.push(n)
        if (state.failing && n === 3) throw new Error('bad')
        return n
      },
      { input: fingerprint() },
    )
  })
  return { work, state, calls }
}

test('B5 with a fingerprint of the caller’s own, items of an iterable are known by index without keys', () =>
  withStore(async store => {
    const { work, state, calls } = passBy(() => ({ table: 'orders', version: 7 }))
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    await work.run({}, { store })
    assert.deepEqual(calls, [1, 2, 3, 3, 4])
    const [run] = await store.runs({ limit: 1 })
    const [stage] = await store.stages(run?.id ?? '')
    const input = { ...stage?.input }
    assert.equal(input.kind, 'value')
    assert.match(String(input.digest), /^sha256:/)
  }))

test('B5 a fingerprint that changed is refused with what it was and is; accepted, everything is called again', () =>
  withStore(async store => {
    let etag: InputFingerprint = '"v1"'
    const { work, state, calls } = passBy(() => etag)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    etag = '"v2"'
    const error = await refused(work.run({}, { store }))
    assert.match(error.message, /the input of import is not the one .* it was "\\"v1\\"", and is "\\"v2\\""/)
    calls.length = 0
    await work.run({}, { store, acceptInput: true })
    assert.deepEqual(calls, [1, 2, 3, 4])
  }))

test('the order of keys in a fingerprint does not count', () =>
  withStore(async store => {
    let value: InputFingerprint = { a: 1, b: [new Date(5)] }
    const { work, state, calls } = passBy(() => value)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    value = { b: [new Date(5)], a: 1 }
    await work.run({}, { store })
    assert.deepEqual(calls, [1, 2, 3, 3, 4])
  }))

test('a fingerprint where there is a digest, or one that cannot be stored, is invalid in words', () =>
  withStore(async (store, folder) => {
    writeFileSync(join(folder, 'in.jsonl'), '1\n2\n')
    const file = pipeline('file', run => run.each('x', jsonl(join(folder, 'in.jsonl')), () => 1, { input: 'v1' }))
    await assert.rejects(file.run({}, { store }), /"x" have a digest of their own, and were given input as well/)
    const stage = pipeline('stage', run =>
      run.each(
        'x',
        run.stage('s', () => [1]),
        () => 1,
        { input: 'v1' },
      ),
    )
    await assert.rejects(stage.run({}, { store }), /digest of their own/)
    const bad = pipeline('bad', run => run.each('x', [1], () => 1, { input: () => 'v1' }))
    await assert.rejects(bad.run({}, { store }), { code: 'invalid', message: /the input given for "x" cannot be stored/ })
    const none = pipeline('none', run => run.each('x', [1], () => 1, { input: undefined as never }))
    await assert.rejects(none.run({}, { store }), { code: 'invalid', remedy: /input: something that differs when the items do/ })
  }))
