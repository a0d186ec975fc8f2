import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asciiGlyphs, type Line, unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { textWidth } from '../../src/cli/render/text-width.ts'
import { timingLines } from '../../src/cli/render/timing-lines.ts'
import type { StageReport } from '../../src/engine/run-report.ts'
import { operationNumber, operations, stageTimings, type TimingSums } from '../../src/model/timings.ts'
import { WaymarkProject } from './waymark-project.ts'

interface Shown {
  readonly data: {
    readonly timings: {
      readonly stages: readonly {
        readonly path: string
        readonly timings: null | {
          readonly wallMs: number
          readonly otherMs: number
          readonly operations: readonly { readonly operation: string; readonly ms: number }[]
        }
      }[]
    }
  }
}

/** Kills its own process at the third item, once. */
const killed = `
import { existsSync, writeFileSync } from 'node:fs'
import { pipeline } from 'waymark'
export default pipeline('nightly', async run => {
  const bytes = await run.stage('load', () => new Uint8Array(300_000).map((_, i) => (i * 7919) >> 5))
  await run.each('call', [1, 2, 3, 4], async item => {
    if (item === 3 && !existsSync('died')) {
      writeFileSync('died', '')
      process.kill(process.pid, 'SIGKILL')
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }, { key: String, save: { items: 1 } })
  await run.stage('report', () => bytes.length)
})`

test('A17 E4 an attempt that is killed keeps the times of the stages that ended, and the next adds to them', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': killed })
  const shown = async () => {
    const { stdout } = await project.waymark('show', '@last', '--timings', '--json')
    const { data }: Shown = JSON.parse(stdout)
    return new Map(data.timings.stages.map(({ path, timings }) => [path, timings]))
  }
  await project.waymark('run', 'a.ts', '-q')
  const before = await shown()
  assert.deepEqual([...before.keys()], ['load', 'call'])
  const load = before.get('load')
  assert.ok(load && load.wallMs > 0)
  const names = load.operations.map(({ operation }) => operation)
  for (const name of ['user', 'encode', 'chunk', 'hash', 'compress', 'fsync'])
    assert.ok(names.includes(name), `${name} in ${names}`)
  assert.equal((await project.waymark('resume', '-q')).code, 0)
  const after = await shown()
  assert.deepEqual(after.get('load'), load, 'what it did not do again took no more time')
  assert.deepEqual([...after.keys()], ['load', 'call', 'report'])
  for (const timings of after.values()) {
    assert.ok(timings)
    assert.ok(timings.otherMs <= timings.wallMs)
    for (const { ms } of timings.operations) assert.ok(ms > 0 && ms <= timings.wallMs)
  }
})

test('A17 show --timings tells of every stage or of the one that is named; of a checkpoint it is refused', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `
      import { pipeline } from 'waymark'
      export default pipeline('two', async run => {
        await run.stage('load', () => 1)
        await run.stage('clean', () => 2)
      })`,
  })
  await project.waymark('run', 'a.ts', '-q')
  const all = await project.waymark('show', '@last', '--timings')
  assert.match(
    all.stdout,
    /where the time went +ms +share[\s\S]*\n {2}load [\s\S]*\n {4}fsync +[\d.,]+ +(?:< 1|\d+) %[\s\S]*\n {2}clean /,
  )
  assert.doesNotMatch((await project.waymark('show', '@last')).stdout, /where the time went/)
  const one = await project.waymark('show', '@last/clean', '--timings')
  assert.match(one.stdout, /where the time went[\s\S]*clean/)
  assert.doesNotMatch(one.stdout, /load/)
  const [, checkpoint] = /"checkpointId":"(\w+)"/.exec((await project.waymark('show', '@last', '--json')).stdout) ?? []
  const refused = await project.waymark('show', checkpoint ?? '', '--timings')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /names a checkpoint, and --timings/)
})

const textOf = (line: Line): string => line.map(({ text }) => text).join('')

const us = (operation: (typeof operations)[number], kind: 'ms' | 'beside' | 'cpu', value: number) =>
  [operationNumber(operations.indexOf(operation), kind), value] as const

function stage(path: string, recorded?: TimingSums): StageReport {
  const timings = recorded === undefined ? {} : { timings: stageTimings(recorded) }
  return { path, kind: 'stage', state: 'completed', workedMs: 0, reusedItems: 0, reused: false, ...timings }
}

test('A17 the breakdown fits 80 columns, in any glyphs, and says what overlaps, what is other and what was not measured', () => {
  const recorded = new Map([
    [0, 9_876_543_210],
    [1, 9_870_000_000],
    us('user', 'ms', 9_000_000_000),
    us('user', 'beside', 5_000_000_000),
    us('fsync', 'ms', 8_000_000_000),
    us('fsync', 'beside', 5_000_000_000),
    us('hash', 'ms', 41),
    us('hash', 'cpu', 12),
    // Of a newer version.
    [operationNumber(operations.length, 'ms'), 17_000_000],
  ])
  const stages = [stage(`${'long'.repeat(40)}[日本語日本語日本語]`, recorded), stage('old')]
  for (const glyphs of [unicodeGlyphs, asciiGlyphs]) {
    const lines = timingLines({ timings: stageTimings(new Map([us('catalog', 'ms', 12_300)])) }, stages, {
      columns: 80,
      rows: 24,
      color: false,
      glyphs,
    })
    for (const line of lines) assert.ok(textWidth(textOf(line)) <= 80, textOf(line))
    const text = lines.map(textOf).join('\n')
    assert.match(text, /user +9,000,000 +91 % +5,000,000\n/)
    assert.match(text, /fsync +8,000,000 +81 % +5,000,000\n/)
    assert.match(text, /hash +0\.04 +< 1 % +0\.01/)
    assert.match(text, /other +6,543 +< 1 %/)
    assert.match(text, /old +not measured/)
    assert.match(text, /\(beside the stages\)[^\n]*\n +catalog +12/)
    assert.doesNotMatch(text, /17,000|undefined/)
  }
  const none = timingLines({}, [stage('old')], { columns: 80, rows: 24, color: false, glyphs: asciiGlyphs }).map(textOf)
  assert.match(none.join('\n'), /^ {2}where the time went: not measured/)
  for (const line of none) assert.ok(textWidth(line) <= 80, line)
})
