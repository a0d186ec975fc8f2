import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Flags } from '../../src/cli/command-line.ts'
import { explainCommand } from '../../src/cli/commands/explain.ts'
import type { Context } from '../../src/cli/context.ts'
import { errorGuides } from '../../src/cli/error-guides.ts'
import { createOutput } from '../../src/cli/output.ts'
import { systemClock } from '../../src/model/clock.ts'
import { exitCodeOf, isWaymarkError } from '../../src/model/errors.ts'

/** What `waymark explain` prints for people. */
async function explained(...given: readonly string[]): Promise<string> {
  let printed = ''
  const flags = new Flags(new Map())
  const output = createOutput(flags, false, {}, text => {
    printed += text
  })
  const line = { command: undefined, arguments: given, flags, params: [], paramsAfterDashes: [] }
  const context: Context = {
    line,
    settings: { progress: 'auto', restart: 0 },
    config: undefined,
    userConfig: undefined,
    output,
    environment: {},
    cwd: '/',
    clock: systemClock,
  }
  assert.equal(await explainCommand(context), 0)
  return printed
}

const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

test('X13 docs/errors.md and waymark explain say the same of every code, from one table', async () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const sections = new Map(
    page
      .split(/^## `/m)
      .slice(1)
      .map(text => [text.slice(0, text.indexOf('`')), words(text.slice(text.indexOf('`') + 1))]),
  )
  assert.deepEqual([...sections.keys()].sort(), Object.keys(exitCodeOf).sort())
  assert.deepEqual(Object.keys(errorGuides).sort(), Object.keys(exitCodeOf).sort())
  for (const [code, { short, when, data, remedy }] of Object.entries(errorGuides)) {
    assert.equal(sections.get(code), `- **When:** ${when} - **Data:** ${data} - **Do:** ${remedy}`, code)
    assert.match(page, new RegExp(`\\| \\[\`${code}\`\\]\\(#${code}\\) \\| \\d+ \\| ${short} \\|`))
    const told = words(await explained(code))
    for (const text of [when, data, remedy]) {
      const plain = text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '')
      assert.ok(told.startsWith(code) && told.includes(words(plain.split(' (')[0] ?? '').slice(0, 60)), `${code}: ${plain}`)
    }
    assert.doesNotMatch(told, /`|\]\(/)
  }
})

test('X13 explain lists every code with its exit code, finds one as it is said, and guesses one that is misspelt', async () => {
  const list = await explained()
  for (const [code, exit] of Object.entries(exitCodeOf)) assert.match(list, new RegExp(`^${code} +exit ${exit} `, 'm'))
  assert.match(await explained('Disk full'), /^disk_full .*exit code 3/)
  for (const line of (await explained('corrupt')).split('\n')) assert.ok(line.length <= 110, line)
  await assert.rejects(
    explained('corupt'),
    error => isWaymarkError(error, 'invalid') && /did you mean corrupt\?/.test(error.message),
  )
  await assert.rejects(
    explained('zzz'),
    error => isWaymarkError(error, 'invalid') && /there are internal, invalid/.test(error.message),
  )
})
