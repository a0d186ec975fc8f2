import { test } from 'node:test'
import { document, errorDocument, eventLine, exitLine, runShape, stageShape } from '../../src/cli/json-shapes.ts'
import { cancelledLines, completedLines, failedLines, pausedLines, type RunEnd } from '../../src/cli/render/end-lines.ts'
import { liveArea } from '../../src/cli/render/live-area.ts'
import { paintLines } from '../../src/cli/render/paint.ts'
import { planLines } from '../../src/cli/render/plan-lines.ts'
import { runDetailLines } from '../../src/cli/render/run-details.ts'
import { type ListedRun, runListLines } from '../../src/cli/render/run-list.ts'
import { RunProgress } from '../../src/cli/render/run-progress.ts'
import { asciiGlyphs, type Line, lasting, type Screen, unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { completedLine, failedLine, reusedLine } from '../../src/cli/render/stage-line.ts'
import { progressLines, stateLine } from '../../src/cli/render/state-lines.ts'
import { stopLines } from '../../src/cli/render/stop-lines.ts'
import { requestedStop } from '../../src/engine/requested-stop.ts'
import type { RunSummary } from '../../src/engine/run-summary.ts'
import type { StopReport } from '../../src/engine/stop-run.ts'
import type { RunEvent } from '../../src/model/run-events.ts'
import type { StopRequest } from '../../src/model/stop-request.ts'
import { matchGolden } from './match-golden.ts'
import { crashedRun, lastEvents, newPlan, resumePlan, runEvents, runs, stages, start } from './sample-run.ts'

const unlimited = 10_000
const screens: Readonly<Record<string, Screen>> = {
  'tty-80': { columns: 80, rows: 24, color: true, glyphs: unicodeGlyphs },
  'tty-40': { columns: 40, rows: 24, color: false, glyphs: unicodeGlyphs },
  'tty-120-no-color': { columns: 120, rows: 24, color: false, glyphs: unicodeGlyphs },
  'tty-80-ascii': { columns: 80, rows: 6, color: false, glyphs: asciiGlyphs },
  pipe: { columns: unlimited, rows: unlimited, color: false, glyphs: unicodeGlyphs },
}

function progressAfter(...events: readonly (readonly [number, RunEvent])[]): RunProgress {
  const progress = new RunProgress()
  for (const [seconds, event] of events) progress.apply(event, start + seconds * 1000)
  return progress
}

const request: StopRequest = { kind: 'pause', time: start + 739_000, by: { host: 'box', pid: 4242 }, reason: 'disk is full' }
const obeyed: StopReport = { run: newPlan.run, state: 'paused', how: 'obeyed' }
const { cause: _cause, ...endedRun } = crashedRun
const pausedRun: RunSummary = { ...endedRun, state: 'paused', shownState: 'paused', request }

const listed: readonly ListedRun[] = runs.map((run, index) => ({
  run,
  items: index > 2 ? undefined : { done: 41_090 + index, skipped: 108, setAside: index * 2, retries: 3 },
}))

/** A run that another process works on, with a speed that fell and rose again. */
function watchedProgress(): RunProgress {
  const progress = new RunProgress()
  const { run, pipeline } = newPlan
  const owner = { host: 'box', pid: 4121 }
  const found = { run, pipeline, attempt: 1, owner, startedAt: start, stages: ['extract', 'transform', 'load'], store: '/s' }
  progress.attach(found, start)
  let done = 0
  for (let second = 1; second <= 30; second++) {
    done += 1000 + Math.round(900 * Math.sin(second / 4))
    const counts = { total: 60_000, done, skipped: 0, setAside: 42, retries: 3 }
    const event: RunEvent = { type: 'progress', stage: 'transform', counts, reused: 0, atRisk: 208, itemsPerSecond: 1_020 }
    progress.apply({ type: 'stage.started', stage: 'transform', kind: 'each' }, start)
    progress.apply(event, start + second * 1000)
  }
  return progress
}

const completedEnd: RunEnd = {
  state: 'completed',
  exitCode: 4,
  run: newPlan.run,
  durationMs: 1_162_400,
  setAside: 2,
  value: { text: "{ orders: 59890, total: 1231870.42, newest: '2026-11-20' }" },
}

const failedEnd: RunEnd = {
  state: 'failed',
  exitCode: 3,
  run: newPlan.run,
  durationMs: 847_000,
  setAside: 0,
  error: {
    code: 'failed',
    message: 'item o-17 of transform failed: fetch failed',
    means: 'Everything finished before it is recorded; the run can go on.',
    remedy: 'waymark resume 7kq2m4',
    retryable: false,
  },
  cause: {
    name: 'TypeError',
    message: 'fetch failed',
    stack: [
      'TypeError: fetch failed',
      '    at node:internal/deps/undici/undici:13510:13',
      '    at async loadOrder (file:///home/ann/shop/src/orders.ts:80:17)',
      '    at async retry (file:///home/ann/shop/node_modules/p-retry/index.js:5:1)',
      '    at async Object.run (file:///home/ann/shop/jobs/nightly-orders.ts:12:5)',
    ].join('\n'),
    cause: { name: 'Error', message: 'connect ECONNREFUSED 10.0.0.7:443' },
  },
}

/** Every screen, one after the other. */
function allScreens(screen: Screen): string {
  const running = progressAfter(...runEvents)
  const resumed = progressAfter(
    [0, { type: 'plan', plan: resumePlan }],
    [1, { type: 'stage.started', stage: 'transform', kind: 'each', total: 60_000 }],
    [
      32,
      {
        type: 'progress',
        stage: 'transform',
        counts: { total: 60_000, done: 42_840, skipped: 0, setAside: 0, retries: 0 },
        reused: 41_200,
        atRisk: 0,
        itemsPerSecond: 51,
        etaMs: { low: 300_000, likely: 336_000, high: 420_000 },
      },
    ],
  )
  const stopping = progressAfter(...runEvents)
  stopping.stopping = 'SIGINT: finishing what is in flight, then saving; Ctrl-C again stops now'
  const done = progressAfter(...runEvents, ...lastEvents)
  const watched = watchedProgress()
  const [, , , , transform] = lastEvents
  const parts: Readonly<Record<string, readonly Line[]>> = {
    'plan of a new run': planLines(newPlan, '7kq2m4', screen),
    'plan of a resume': planLines(resumePlan, '7kq2m4', screen),
    'live area': liveArea(running, start + 739_000, screen),
    'live area after a resume': liveArea(resumed, start + 33_000, screen),
    'live area while stopping': liveArea(stopping, start + 739_000, screen),
    'live area of a run that is watched': liveArea(watched, start + 32_000, screen),
    'lasting lines': [
      ...(transform?.[1].type === 'stage.completed' ? [completedLine(transform[1], screen)] : []),
      reusedLine('extract', { done: 12, skipped: 0, setAside: 0, retries: 0 }, screen),
      failedLine('transform', 'fetch failed', screen),
    ],
    'end of a completed run': completedLines(completedEnd, done, screen),
    'end of a paused run': pausedLines({ ...completedEnd, state: 'paused', durationMs: 739_000 }, running, screen),
    'end of a run that was paused from elsewhere': pausedLines(
      { ...completedEnd, state: 'paused', exitCode: 9, durationMs: 739_000, error: requestedStop(newPlan.run, request).toJSON() },
      running,
      screen,
    ),
    'end of a run that was cancelled from elsewhere': cancelledLines(
      {
        ...completedEnd,
        state: 'cancelled',
        exitCode: 3,
        durationMs: 739_000,
        error: requestedStop(newPlan.run, { ...request, kind: 'cancel' }).toJSON(),
      },
      running,
      screen,
    ),
    'waymark pause': stopLines('pause', obeyed, pausedRun, stages, 'waymark resume 7kq2m4', start + 900_000, screen),
    'waymark pause, again': stopLines(
      'pause',
      { ...obeyed, how: 'already' },
      pausedRun,
      stages,
      'waymark resume 7kq2m4',
      start + 900_000,
      screen,
    ),
    'waymark cancel --no-wait': stopLines(
      'cancel',
      { run: newPlan.run, state: 'running', how: 'asked' },
      { ...pausedRun, state: 'running', shownState: 'running' },
      stages,
      'waymark watch 7kq2m4',
      start + 900_000,
      screen,
    ),
    'end of a failed run': failedLines(failedEnd, screen, false, running),
    'end of a failed run with --debug': failedLines(failedEnd, screen, true, running),
    ls: runListLines({ runs: listed, total: 212 }, { staleAfterMs: undefined, now: start + 23_000_000 }, screen),
    'ls two days later': runListLines({ runs: listed, total: 5 }, { staleAfterMs: undefined, now: start + 180_000_000 }, screen),
    'ls of an empty store': runListLines({ runs: [], total: 0 }, { staleAfterMs: undefined, now: start }, screen),
    show: runDetailLines(
      { run: crashedRun, stages, wholeRun: true, checkpointBytes: new Map([['cd3t0v9k2m4q7xh1z', 61_900]]), notices: [] },
      start + 23_000_000,
      screen,
    ),
  }
  return Object.entries(parts)
    .map(
      ([title, lines]) =>
        `== ${title}\n${paintLines(lines, title.startsWith('live') || title.startsWith('ls') ? screen : lasting(screen))}`,
    )
    .join('\n')
}

for (const [name, screen] of Object.entries(screens)) {
  test(`every screen looks as approved: ${name}`, () => matchGolden(`screens-${name}`, allScreens(screen)))
}

test('off a terminal a run is told in state lines', () => {
  const progress = new RunProgress()
  const lines: string[] = []
  for (const [seconds, event] of [...runEvents, ...lastEvents]) {
    const time = start + seconds * 1000
    if (event.type === 'stage.completed' && event.stage === 'prices[MSFT]') lines.push(...progressLines(progress, time))
    progress.apply(event, time)
    const text = stateLine(event, progress, time)
    if (text !== undefined) lines.push(text)
  }
  matchGolden('state-lines', `${lines.join('\n')}\n`)
})

test('the JSON shapes are as approved (X13)', () => {
  const lines = [
    ...runEvents.map(([seconds, event]) => eventLine(start + seconds * 1000, newPlan.run, event)),
    exitLine(start, newPlan.run, 3, failedEnd.error),
    exitLine(start, newPlan.run, 0, undefined, { command: 'waymark show 7kq2m4' }),
    document('ls', { runs: runs.map(runShape), total: 212, notices: [] }, { command: 'waymark resume 7kq2m4' }),
    document('show', { run: runShape(crashedRun), stages: stages.map(stageShape), checkpoints: [], notices: [] }),
    errorDocument('show', { code: 'not_found', message: 'M', means: 'W', remedy: 'waymark ls', retryable: false }),
  ]
  matchGolden('json', `${lines.map(one => JSON.stringify(one)).join('\n')}\n`)
})
