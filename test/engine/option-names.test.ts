import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, pipeline } from 'waymark'
import { withStore } from './with-store.ts'

/** As a program without types would call it. */
const untyped = (value: unknown): never => value as never

const isRefused = (says: RegExp) => (error: unknown) => {
  assert.ok(isWaymarkError(error, 'invalid'), String(error))
  assert.match(`${error.message} ${error.remedy}`, says)
  return true
}

test('D9 an option of a stage that nobody knows is refused with the one that is meant, before the stage is called', () =>
  withStore(async store => {
    let calls = 0
    const refused: readonly [object | null | string, RegExp][] = [
      [{ timeout: 5 }, /run\.stage\("work"\): there is no option "timeout".*Did you mean timeoutMs\?/],
      [{ tag: ['a'] }, /"tag".*Did you mean tags\?/],
      [{ concurrency: 4 }, /there is no option "concurrency".*There are key, version/],
      [{ timeoutMs: '5' }, /timeoutMs must be a number of milliseconds above 0, not "5"/],
      [{ timeoutMs: Number.NaN }, /timeoutMs must be .*, not NaN/],
      [{ totalTimeoutMs: -1 }, /totalTimeoutMs must be .*, not -1/],
      [{ version: 2 }, /version must be a text, not 2/],
      [{ key: {} }, /key must be a text .* or a number, not an object/],
      [{ schema: { type: 'object' } }, /schema must be a Standard Schema/],
      [{ tags: 'a' }, /tags must be a list of texts, not "a"/],
      [{ metadata: 5 }, /metadata must be a plain object/],
      [{ durability: 'disk' }, /durability is "disk"/],
      [{ retry: { attempts: 2, delay: 5 } }, /retry has no "delay"; did you mean delayMs\?/],
      [{ retry: { attempts: 2.5 } }, /retry\.attempts must be a whole number of at least 1, not 2\.5/],
      [{ retry: { attempts: 2, delayMs: '9' } }, /retry\.delayMs must be a number of milliseconds, not "9"/],
      [{ retry: { attempts: 2, maxDelayMs: Number.NaN } }, /retry\.maxDelayMs must be .*, not NaN/],
      [null, /the options are null, not an object/],
      ['x', /the options are "x", not an object/],
    ]
    for (const [options, says] of refused) {
      const work = pipeline('refused', run => run.stage('work', () => ++calls, untyped(options)))
      await assert.rejects(work.run({}, { store, fresh: true }), isRefused(says), JSON.stringify(options))
    }
    const noFunction = pipeline('refused', run => run.stage('work', untyped('work')))
    await assert.rejects(noFunction.run({}, { store, fresh: true }), isRefused(/what is to be called is "work", not a function/))
    assert.equal(calls, 0)
  }))

test('D9 a misspelt part of retry, tolerate and save of items is refused with the one that is meant', () =>
  withStore(async store => {
    const refused: readonly [object, RegExp][] = [
      [{ retry: { attempts: 2, maxDelay: 5 } }, /retry has no "maxDelay"; did you mean maxDelayMs\?/],
      [{ tolerate: { shares: 0.1 } }, /tolerate has no "shares".*Did you mean share\?/],
      [{ save: { item: 5 } }, /save has no "item"; did you mean items\?/],
      [{ save: { ms: Number.NaN } }, /save\.ms must be a number of milliseconds, not NaN/],
    ]
    for (const [options, says] of refused) {
      const work = pipeline('refused', run =>
        run.each('work', [1], (n: number) => n, { key: (n: number) => n, ...options } as never),
      )
      await assert.rejects(work.run({}, { store, fresh: true }), isRefused(says), JSON.stringify(options))
    }
  }))

test('D9 an option of a pipeline that nobody knows, or of another type, is refused where the pipeline is made', () => {
  const make = (options: unknown) => () => pipeline('p', () => 1, untyped(options))
  assert.throws(make({ stage: ['a'] }), isRefused(/pipeline\("p"\): there is no option "stage".*Did you mean stages\?/))
  assert.throws(make({ stages: 'a' }), isRefused(/stages must be a list of names, not "a"/))
  assert.throws(make({ stages: ['a', ''] }), isRefused(/stages must be a list of names/))
  assert.throws(make({ params: { day: 'text' } }), isRefused(/params must be a Standard Schema/))
  assert.throws(make({ check: true }), isRefused(/check must be a function, not true/))
  assert.throws(make({ codecs: {} }), isRefused(/codecs must be a list, not an object/))
  assert.throws(make(null), isRefused(/the options are null/))
})

test('D9 an option of a run that nobody knows, or of another type, is refused, and no run begins', () =>
  withStore(async store => {
    let calls = 0
    const work = pipeline('p', () => ++calls)
    const refused: readonly [object, RegExp][] = [
      [{ runid: 'x' }, /the run of p: there is no option "runid".*Did you mean runId\?/],
      [{ stopsignal: 5 }, /Did you mean stopSignal\?/],
      [{ signal: {} }, /signal must be an AbortSignal, not an object/],
      [{ stopSignal: new AbortController() }, /stopSignal must be an AbortSignal, not an object/],
      [{ fresh: 'yes' }, /fresh must be true or false, not "yes"/],
      [{ staleAfterMs: '24h' }, /staleAfterMs must be .*, not "24h"/],
      [{ staleAfterMs: Number.NaN }, /staleAfterMs must be .*, not NaN/],
      [{ staleAfterMs: -1 }, /staleAfterMs must be .*, not -1/],
      [{ onEvent: 'log' }, /onEvent must be a function, not "log"/],
      [{ runId: '' }, /runId must be a text that is not empty, not an empty text/],
      [{ redo: 'a' }, /redo is "a", not a list of stages/],
    ]
    for (const [options, says] of refused)
      await assert.rejects(work.run({}, { store, ...options }), isRefused(says), JSON.stringify(options))
    await assert.rejects(work.run({}, { store: untyped({}) }), isRefused(/the store is an object, not one that open\(\) made/))
    assert.equal(calls, 0)
    assert.deepEqual(await store.runs({}), [])
    await work.run({}, { store, staleAfterMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal })
  }))

test('D9 an option of open that nobody knows, or of another type, is refused, and no store is made', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-options-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, '.waymark')
  const refused: readonly [object, RegExp][] = [
    [{ readonly: true }, /open: there is no option "readonly".*Did you mean readOnly\?/],
    [{ paths: 'x' }, /Did you mean path\?/],
    [{ path: 5 }, /path must be a text that is not empty, not 5/],
    [{ create: 'no' }, /create must be true or false, not "no"/],
    [{ defaultTtlMs: Number.NaN }, /defaultTtlMs must be .*, not NaN/],
    [{ defaultTtlMs: '7d' }, /defaultTtlMs must be .*, not "7d"/],
    [{ codecs: {} }, /codecs must be a list/],
  ]
  for (const [options, says] of refused)
    await assert.rejects(open({ path, ...options }), isRefused(says), JSON.stringify(options))
  await assert.rejects(open(untyped(7)), isRefused(/the options are 7, not an object/))
  // It would be the working folder.
  await assert.rejects(open(''), isRefused(/path must be a text that is not empty/))
  assert.equal(existsSync(path), false)
})
