import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineSplitter } from '../../src/cli/line-splitter.ts'

function linesOf(...chunks: readonly Buffer[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(line => lines.push(line))
  for (const chunk of chunks) splitter.write(chunk)
  splitter.end()
  return lines
}

test('lines are whole however the bytes arrive, also inside a character', () => {
  const bytes = Buffer.from('grüße\r\n\nzweite Zeile ✓\nohne Ende')
  const expected = ['grüße', '', 'zweite Zeile ✓', 'ohne Ende']
  assert.deepEqual(linesOf(bytes), expected)
  assert.deepEqual(linesOf(...Array.from(bytes, byte => Buffer.of(byte))), expected)
})

test('a line that never ends does not gather in memory', () => {
  const lines = linesOf(Buffer.from('x'.repeat(200_000)))
  assert.equal(lines.join(''), 'x'.repeat(200_000))
  assert.ok(lines.every(line => line.length <= 64 * 1024))
})
