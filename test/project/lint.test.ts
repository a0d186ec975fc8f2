import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const project = mkdtempSync(join(tmpdir(), 'waymark-lint-'))
after(() => rmSync(project, { recursive: true }))
for (const path of ['biome.json', '.gitignore', 'package.json', 'scripts/lint'])
  cpSync(join(root, path), join(project, path), { recursive: true })

/** What the linter of this repository says about `text` at `path`, as `line rule` in order. */
function lint(path: string, text: string): string[] {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), text)
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const { stdout } = spawnSync(process.execPath, [biome, 'lint', '--reporter=json', path], { cwd: project, encoding: 'utf8' })
  return JSON.parse(stdout).diagnostics.map(
    (found: { category: string; message: string }) => `${found.category} ${found.message}`,
  )
}

const asksTheMachine = [
  'export const at = Date.now()',
  'export const at = globalThis.Date.now()',
  'export const at = new Date()',
  'export const at = Date()',
  'const now = Date.now\nexport const at = now()',
  'export const at = performance.now()',
  'export const at = Math.random()',
]

test('asking the machine for time or randomness is an error in src, with the reason', () => {
  for (const text of asksTheMachine)
    assert.match(lint('src/engine/at.ts', text).join('\n'), /plugin Ask the injected Clock or Random/, text)
})

test('the clock itself, a test and a given time may', () => {
  for (const text of asksTheMachine) {
    assert.deepEqual(lint('src/model/clock.ts', text), [])
    assert.deepEqual(lint('test/engine/at.test.ts', text), [])
  }
  assert.deepEqual(lint('src/engine/at.ts', 'export const at = (ms: number) => new Date(ms).toISOString()'), [])
})

test('an assertion on a rejection that nobody awaits is an error', () => {
  const text = (call: string) => `import assert from 'node:assert/strict'\n\nexport const check = async () => {\n  ${call}\n}\n`
  assert.match(lint('test/engine/at.test.ts', text('assert.rejects(fetch("x"))')).join(), /plugin Await it/)
  assert.deepEqual(lint('test/engine/at.test.ts', text('await assert.rejects(fetch("x"))')), [])
})

test('any, a non-null assertion, a floating promise and a default export are errors', () => {
  const rules = (path: string, text: string) => lint(path, text).map(found => found.split(' ')[0])
  assert.deepEqual(rules('src/engine/at.ts', 'export const at = (x: any) => x'), ['lint/suspicious/noExplicitAny'])
  assert.deepEqual(rules('src/engine/at.ts', 'export const at = (x?: string) => x!'), ['lint/style/noNonNullAssertion'])
  const floating = 'export async function at(): Promise<void> {}\nexport function go(): void {\n  at()\n}'
  assert.deepEqual(rules('src/engine/at.ts', floating), ['lint/nursery/noFloatingPromises'])
  assert.deepEqual(rules('src/engine/at.ts', 'export default 1'), ['lint/style/noDefaultExport'])
  assert.deepEqual(rules('examples/first/pipeline.ts', 'export default 1'), [])
  assert.deepEqual(rules('test/cli/fixtures/pipeline.ts', 'export default 1'), [])
})
