import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStale, nextActions } from '../../src/cli/render/next-action.ts'
import { RunProgress } from '../../src/cli/render/run-progress.ts'
import { asciiGlyphs, unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { sparkline } from '../../src/cli/render/sparkline.ts'
import { endOfWatched } from '../../src/cli/watched-end.ts'
import { WatchedStages } from '../../src/cli/watched-run.ts'
import type { RunSummary } from '../../src/engine/run-summary.ts'
import type { StageProgressEvent } from '../../src/model/run-events.ts'
import type { StageView } from '../../src/model/run-view.ts'
import { crashedRun, runs, start } from './sample-run.ts'

const [running = crashedRun] = runs
const items = (done: number, changes: Partial<StageView> = {}): StageView => ({
  run: running.id,
  path: 'load',
  kind: 'each',
  order: 1,
  state: 'running',
  startedAt: start,
  updatedAt: start + done * 100,
  attempt: running.attempt,
  counts: { total: 100, done, skipped: 0, setAside: 0, retries: 0 },
  ...changes,
})
const at = (seconds: number) => ({ now: start + seconds * 1000, monotonicMs: 5_000 + seconds * 1000 })
const live = (done: number, atRisk: number, time: number) => {
  const counts = { total: 100, done, skipped: 0, setAside: 0, retries: 0 }
  const progress: StageProgressEvent = { type: 'progress', stage: 'load', counts, reused: 20, atRisk }
  return { time, progress: [progress] }
}

test('whoever watches is told of each stage once, of items reused apart, and of what its process says where that is newer', () => {
  const watched = new WatchedStages(running.attempt)
  const done = items(12, { path: 'extract', state: 'completed', attempt: running.attempt - 1 })
  const before = { total: 100, done: 20, skipped: 0, setAside: 0, retries: 0 }
  const first = watched.look(running, [done, items(40, { before })], at(10))
  assert.deepEqual(
    first.map(({ event }) => event.type),
    ['stage.reused', 'stage.started', 'progress'],
  )
  const told = first[2]?.event
  assert.ok(told?.type === 'progress')
  assert.equal(told.reused, 20)
  // 20 items of this attempt in ten seconds; the 20 before are no speed.
  assert.equal(Math.round(told.itemsPerSecond ?? 0), 2)
  const [newer] = watched.look(running, [done, items(40, { before })], at(11), live(55, 15, start + 11_000))
  assert.ok(newer?.event.type === 'progress')
  assert.deepEqual([newer.event.counts.done, newer.event.atRisk, newer.time], [55, 15, start + 11_000])
  const [older] = watched.look(running, [done, items(60, { before })], at(12), live(55, 15, start + 11_000))
  assert.ok(older?.event.type === 'progress')
  assert.equal(older.event.counts.done, 60)
  const end = watched.look(running, [done, items(100, { state: 'completed', durationMs: 12_000 })], at(13))
  assert.deepEqual(
    end.map(({ event }) => event.type),
    ['stage.completed'],
  )
  assert.deepEqual(watched.look(running, [done, items(100, { state: 'completed', durationMs: 12_000 })], at(14)), [])
})

test('the watching ends with the exit code of the run, and while its process lives not at all', () => {
  const ended = (changes: Partial<RunSummary>, setAside = 0) => {
    const { owner: _owner, cause: _cause, ...run } = crashedRun
    const stages = [items(9, { counts: { done: 9, skipped: 0, setAside, retries: 0 } })]
    const end = endOfWatched({ ...run, ...changes }, stages, start + 900_000)
    return end && [end.state, end.exitCode, end.error?.code]
  }
  const error = (code: 'disk_full' | 'corrupt') => ({
    name: 'WaymarkError',
    message: 'm',
    waymark: { code, message: 'm', means: 'w', remedy: 'r', retryable: false },
  })
  const request = { kind: 'pause', time: start } as const
  assert.deepEqual(ended({ state: 'completed', shownState: 'completed' }), ['completed', 0, undefined])
  assert.deepEqual(ended({ state: 'completed', shownState: 'completed' }, 2), ['completed', 4, undefined])
  assert.deepEqual(ended({ state: 'failed', shownState: 'failed' }), ['failed', 3, 'failed'])
  assert.deepEqual(ended({ state: 'failed', shownState: 'failed', error: error('corrupt') }), ['failed', 5, 'corrupt'])
  assert.deepEqual(ended({ state: 'paused', shownState: 'paused' }), ['paused', 9, undefined])
  assert.deepEqual(ended({ state: 'paused', shownState: 'paused', request }), ['paused', 9, 'paused'])
  assert.deepEqual(ended({ state: 'cancelled', shownState: 'cancelled' }), ['cancelled', 3, undefined])
  assert.deepEqual(ended({ state: 'running', shownState: 'crashed', liveness: 'dead' }), ['failed', 3, 'failed'])
  assert.equal(ended({ state: 'running', shownState: 'running', liveness: 'alive' }), undefined)
})

test('every state has a next action; what nothing touched for 24 hours, or as long as was asked for, is stale (B6, B13)', () => {
  const rule = { staleAfterMs: undefined, now: start + 900_000 }
  const next = (
    state: RunSummary['state'],
    shownState: RunSummary['shownState'] = state,
    liveness: RunSummary['liveness'] = 'ended',
  ) => {
    const { cause: _cause, ...run } = crashedRun
    return nextActions({ ...run, state, shownState, liveness }, rule)[0]
  }
  assert.equal(next('initialized'), 'waymark resume 7kq2m4')
  assert.equal(next('running', 'running', 'alive'), 'waymark watch 7kq2m4')
  assert.equal(next('recovering', 'recovering', 'alive'), 'waymark watch 7kq2m4')
  assert.equal(next('running', 'crashed', 'dead'), 'waymark resume 7kq2m4')
  assert.equal(next('paused'), 'waymark resume 7kq2m4')
  assert.equal(next('failed'), 'waymark resume 7kq2m4')
  assert.equal(next('cancelled'), 'waymark resume 7kq2m4 --fresh')
  assert.equal(next('completed'), 'waymark events 7kq2m4')
  const age = rule.now - crashedRun.updatedAt
  const later = (ms: number) => ({ ...rule, now: crashedRun.updatedAt + ms })
  assert.ok(!isStale(crashedRun, later(24 * 3_600_000)))
  assert.ok(isStale(crashedRun, later(24 * 3_600_000 + 1)))
  assert.ok(isStale(crashedRun, { ...rule, staleAfterMs: age - 1 }))
  assert.equal(nextActions(crashedRun, later(1e9))[0], 'waymark resume 7kq2m4 --accept-stale')
  for (const changes of [{ state: 'completed' }, { state: 'cancelled' }, { liveness: 'alive' }] as const) {
    assert.ok(!isStale({ ...crashedRun, ...changes }, later(1e9)), JSON.stringify(changes))
  }
  const { file: _file, ...own } = crashedRun
  assert.equal(nextActions(own, rule)[0], 'run its program again')
})

test('the curve of speeds is as high as the highest, of the newest values, in ASCII where that is all there is', () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20, unicodeGlyphs), '▁▂▃▄▅▆▇█')
  assert.equal(sparkline([9, 9, 0, 7], 2, unicodeGlyphs), '▁█')
  assert.equal(sparkline([0, 0, 0], 20, unicodeGlyphs), '▁▁▁')
  assert.equal(sparkline([5], 20, unicodeGlyphs), '')
  assert.match(sparkline([1, 5, 3, 2], 20, asciiGlyphs), /^[\x21-\x7e]{4}$/)
})

test('speeds are sampled once a second over all stages; items reused are none, and there are never more than sixty', () => {
  const progress = new RunProgress()
  for (let i = 0; i <= 1_000; i++) {
    const counts = { done: 500 + i, skipped: 0, setAside: 0, retries: 0 }
    progress.apply({ type: 'progress', stage: 'load', counts, reused: 500, atRisk: 0 }, start + i * 100)
  }
  assert.equal(progress.speeds.length, 60)
  assert.ok(
    progress.speeds.every(speed => speed === 10),
    progress.speeds.join(' '),
  )
})
