import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Flags } from '../../src/cli/command-line.ts'
import { findConfigFile } from '../../src/cli/config-file.ts'
import { checkConfig, loadConfig } from '../../src/cli/load-config.ts'
import { settingsOf } from '../../src/cli/settings.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

const flags = (values: Readonly<Record<string, string>>) =>
  new Flags(new Map(Object.entries(values).map(([name, value]) => [name, [value]])))
const invalid = (message: RegExp) => (error: unknown) => isWaymarkError(error, 'invalid') && message.test(error.message)

test('flags win over the environment, that over the config, that over defaults (D9)', () => {
  const loaded = { file: '/p/waymark.config.ts', config: { store: 'c', progress: 'none', restart: 1, staleAfterMs: 5 } } as const
  const environment = { WAYMARK_STORE: 'e', WAYMARK_PROGRESS: 'plain', WAYMARK_RESTART: '2', WAYMARK_STALE_AFTER_MS: '7' }
  assert.deepEqual(settingsOf(flags({ store: 'f', progress: 'auto', restart: '3' }), environment, loaded, '/w'), {
    store: { path: '/w/f', from: '--store' },
    progress: 'auto',
    restart: 3,
    staleAfterMs: 7,
  })
  assert.deepEqual(settingsOf(flags({}), environment, loaded, '/w'), {
    store: { path: '/w/e', from: 'WAYMARK_STORE' },
    progress: 'plain',
    restart: 2,
    staleAfterMs: 7,
  })
  assert.deepEqual(settingsOf(flags({}), {}, loaded, '/w'), {
    store: { path: '/p/c', from: '/p/waymark.config.ts' },
    progress: 'none',
    restart: 1,
    staleAfterMs: 5,
  })
  assert.deepEqual(settingsOf(flags({}), { WAYMARK_STORE: '' }, undefined, '/w'), { progress: 'auto', restart: 0 })
})

test('a variable that cannot be read is named', () => {
  assert.throws(
    () => settingsOf(flags({}), { WAYMARK_RESTART: 'often' }, undefined, '/w'),
    invalid(/WAYMARK_RESTART needs a whole number, not "often"/),
  )
  assert.throws(
    () => settingsOf(flags({}), { WAYMARK_PROGRESS: 'loud' }, undefined, '/w'),
    invalid(/WAYMARK_PROGRESS is auto, plain or none/),
  )
})

test('a config with an unknown key or a wrong value is refused with file and key', () => {
  assert.throws(() => checkConfig({ stroe: 'x' }, 'c.ts'), invalid(/c\.ts has an option "stroe".*did you mean store/))
  assert.throws(() => checkConfig({ restart: '3' }, 'c.ts'), invalid(/restart in c\.ts has to be a whole number from 0, not "3"/))
  assert.throws(() => checkConfig({ store: 5 }, 'c.ts'), invalid(/store in c\.ts has to be a path, not 5/))
  assert.throws(() => checkConfig(undefined, 'c.ts'), invalid(/c\.ts has to export its options as default/))
  assert.deepEqual(checkConfig({ staleAfterMs: Number.POSITIVE_INFINITY }, 'c.ts'), { staleAfterMs: Number.POSITIVE_INFINITY })
})

test('the nearest config upward is loaded, in TypeScript, JavaScript or JSON', async t => {
  const root = await mkdtemp(join(tmpdir(), 'waymark-config-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const inner = join(root, 'a', 'b')
  await mkdir(inner, { recursive: true })
  await writeFile(join(root, 'waymark.config.json'), '{ "restart": 2 }')
  assert.equal(findConfigFile(inner), join(root, 'waymark.config.json'))
  assert.deepEqual((await loadConfig(join(root, 'waymark.config.json'))).config, { restart: 2 })
  await writeFile(join(root, 'a', 'waymark.config.ts'), 'const n: number = 4\nexport default { restart: n }\n')
  assert.equal(findConfigFile(inner), join(root, 'a', 'waymark.config.ts'))
  assert.deepEqual((await loadConfig(join(root, 'a', 'waymark.config.ts'))).config, { restart: 4 })
  await writeFile(join(root, 'bad.json'), '{')
  await assert.rejects(loadConfig(join(root, 'bad.json')), invalid(/bad\.json:1:2 is not JSON/))
  await writeFile(join(root, 'bad.ts'), 'throw new Error("boom")')
  await assert.rejects(loadConfig(join(root, 'bad.ts')), invalid(/bad\.ts:1:7 cannot be loaded: boom/))
})
