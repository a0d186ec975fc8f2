import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { entryLines } from '../../src/cli/render/entry-lines.ts'
import { asciiGlyphs, unlimitedColumns } from '../../src/cli/render/screen.ts'
import { storedField } from '../../src/cli/render/stored-field.ts'
import { textWidth } from '../../src/cli/render/text-width.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const bin = fileURLToPath(new URL('../../bin/waymark.js', import.meta.url))
const screenOf = (columns: number) => ({ columns, rows: 24, color: false, glyphs: asciiGlyphs })

const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '=', 'ü', '漢', '👩‍👩‍👧', '"'), maxLength: 150 })

test('A9 an entry fits the terminal and loses nothing; elsewhere it is one line', () => {
  const withoutSpaces = (lines: readonly string[]): string => lines.join('').replaceAll(' ', '')
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), fc.integer({ min: 40, max: 120 }), (fields, columns) => {
      const entry = { head: '2026-11-22T01:52:32Z stage_error    ', tone: 'plain', fields } as const
      const lines = entryLines(entry, screenOf(columns)).map(spans => spans.map(one => one.text).join(''))
      for (const one of lines) assert.ok(textWidth(one.trimEnd()) <= columns, `${columns}: ${one}`)
      const whole = [entry.head, ...fields].join(' ')
      assert.equal(withoutSpaces(lines), withoutSpaces([whole]))
      for (const one of lines.slice(1)) assert.match(one, /^ {2}/)
      const [line, ...more] = entryLines(entry, screenOf(unlimitedColumns))
      assert.deepEqual([line?.map(one => one.text).join(''), more], [whole, []])
    }),
  )
})

test('A9 numbers are shown with the digits that people read, and those before the point are true', () => {
  const shown = (name: string, value: unknown) => storedField(name, value)
  assert.deepEqual(
    [0.1 + 0.2, 1234.5678, 123_456.78, 1e21 + 0.5, 12, -7.123_456_789].map(value => shown('n', value)),
    [0.3, 1234.57, 123_457, 1e21, 12, -7.12346],
  )
  assert.deepEqual(
    [5123.987_654, 12.5, 3.456_78, 0.123_456, 0].map(ms => shown('durationMs', ms)),
    [5124, 13, 3.5, 0.12, 0],
  )
  assert.equal(shown('facts', { mean: 1 / 3, rows: [2 / 3] }), '{"mean":0.333333,"rows":[0.666667]}')
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      const number = Number(shown('n', value))
      assert.ok(Math.abs(number - value) <= Math.max(Math.abs(value) * 5e-6, Number.MIN_VALUE), `${value} ${number}`)
    }),
  )
})

test('A9 A13 events and records fit a terminal of 80 columns, are a line each in a pipe, and JSON has every digit', async t => {
  const message = `${'a word and '.repeat(20)}the end`
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'
export default pipeline('a', async run => {
  await run.event('measured', { ratio: 0.123456789012, note: ${JSON.stringify(message)}, control: 'a\\u009b'.repeat(100) }, { status: 'error' })
  await run.record('checks', { ratio: 0.123456789012, note: ${JSON.stringify(message)} })
})
`,
  })
  await project.waymark('run', 'a.ts', '--run-id', 'r', '-q')
  const json = jsonLines((await project.waymark('events', 'r', '--type', 'measured', '--json')).stdout)
  assert.equal(Object(json[0]?.['metadata']).ratio, 0.123456789012)
  for (const args of [
    ['events', 'r', '--type', 'measured'],
    ['records', 'r'],
  ]) {
    const piped = (await project.waymark(...args)).stdout
    assert.match(piped, new RegExp(`^[^\\n]* ratio=0\\.123457 note="${message}"[^\\n]*\\n$`))
    assert.ok(!piped.includes('\u009b'))
    if (spawnSync('script', ['--version']).status !== 0) continue
    const command = `stty cols 80 rows 24; exec '${process.execPath}' --conditions=waymark-source '${bin}' ${args.join(' ')}`
    const onTerminal = (environment: Readonly<Record<string, string>>): string =>
      spawnSync('script', ['-qec', command, '/dev/null'], {
        cwd: project.path,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          HOME: project.path,
          LANG: 'C.UTF-8',
          TERM: 'xterm-256color',
          SHELL: '/bin/sh',
          ...environment,
        },
      }).stdout.replaceAll('\r\n', '\n')
    const plain = onTerminal({ NO_COLOR: '1' })
    assert.equal(plain, stripVTControlCharacters(plain))
    for (const line of plain.split('\n')) assert.ok(line.length <= 80, line)
    assert.equal(plain.replaceAll('\n', '').replaceAll(' ', ''), piped.replaceAll('\n', '').replaceAll(' ', ''))
    const coloured = onTerminal({})
    assert.equal(coloured !== plain, args[0] === 'events')
    assert.equal(stripVTControlCharacters(coloured), plain)
  }
})
