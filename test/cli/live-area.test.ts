import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { liveArea } from '../../src/cli/render/live-area.ts'
import { paintLine } from '../../src/cli/render/paint.ts'
import { RunProgress } from '../../src/cli/render/run-progress.ts'
import { asciiGlyphs, type Screen, unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { textWidth } from '../../src/cli/render/text-width.ts'
import type { RunEvent } from '../../src/model/run-events.ts'

const path = fc.constantFrom(
  'a',
  'b',
  'wide-ホスト名-stage',
  'loop[1]',
  'loop[2]',
  'loop[1]/inner',
  'x'.repeat(60),
  'c',
  'd',
  'e',
  'f',
  'g',
  'h',
)
const amount = fc.nat(2_000_000)
const event: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({ type: fc.constant('stage.started' as const), stage: path, kind: fc.constant('each' as const) }),
  fc.record({ type: fc.constant('stage.completed' as const), stage: path, durationMs: amount }),
  fc.record({ type: fc.constant('stage.reused' as const), stage: path }),
  fc.record({
    type: fc.constant('progress' as const),
    stage: path,
    counts: fc.record({ total: amount, done: amount, skipped: amount, setAside: amount, retries: amount }),
    reused: amount,
    atRisk: amount,
    itemsPerSecond: fc.double({ min: 0, max: 1e6, noNaN: true }),
    etaMs: fc.record({ low: amount, likely: amount, high: amount }),
  }),
)

test('the live area never takes more than 8 lines or two fewer than the terminal has, nor a column too many', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 3, max: 60 }),
      fc.boolean(),
      (events, columns, rows, ascii) => {
        const screen: Screen = { columns, rows, color: false, glyphs: ascii ? asciiGlyphs : unicodeGlyphs }
        const progress = new RunProgress()
        for (const [index, one] of events.entries()) progress.apply(one, index * 1000)
        const lines = liveArea(progress, events.length * 1000, screen)
        assert.ok(lines.length <= Math.max(1, Math.min(8, rows - 2)), `${lines.length} lines of ${rows} rows`)
        for (const one of lines) {
          const text = paintLine(one, screen)
          assert.ok(textWidth(text) <= columns, `${textWidth(text)} columns of ${columns}: ${text}`)
          if (ascii) assert.match(text, /^[\x20-\x7eホスト名]*$/)
        }
      },
    ),
  )
})

test('ten thousand stages of a loop take the room of one', () => {
  const progress = new RunProgress()
  for (let i = 0; i < 10_000; i++) {
    progress.apply({ type: 'stage.started', stage: `prices[${i}]`, kind: 'stage' }, i)
    progress.apply({ type: 'stage.completed', stage: `prices[${i}]`, durationMs: 1 }, i)
  }
  const stages = [...progress.stages]
  assert.equal(stages.length, 1)
  assert.deepEqual(stages[0]?.members, { ended: 10_000, running: 0, last: 'prices[9999]' })
})

test('an escape sequence in a name or message does not reach the terminal', () => {
  const screen: Screen = { columns: 80, rows: 24, color: true, glyphs: unicodeGlyphs }
  assert.equal(paintLine([{ text: 'a\u001b[2Jb\u0007\nc\u009bd', tone: 'plain' }], screen), 'a [2Jb c d')
})

test('without colour nothing but text is written, with colour every line ends as it began', () => {
  const line = [
    { text: '✓ extract', tone: 'good' as const },
    { text: '  12 items', tone: 'plain' as const },
  ]
  const screen: Screen = { columns: 80, rows: 24, color: false, glyphs: unicodeGlyphs }
  assert.equal(paintLine(line, screen), '✓ extract  12 items')
  assert.equal(paintLine(line, { ...screen, color: true }), '\u001b[32m✓ extract\u001b[39m  12 items')
})
