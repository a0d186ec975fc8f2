import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configNotices } from '../../src/cli/config-notices.ts'
import { loadConfig } from '../../src/cli/load-config.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const misspelt = 'WAYMARK_LGOS_LEVEL is set, and is no variable of Waymark; did you mean WAYMARK_LOGS_LEVEL?'

test('D9 A12 any command says on stderr that a variable is misspelt or a config not read; names of one’s own only config tells', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'\nexport default pipeline('a', run => run.stage('one', () => 1))\n`,
    'waymark.config.yaml': 'restart: 0\n',
    'waymark.config.toml': 'restart = 3\n',
  })
  const environment = { WAYMARK_LGOS_LEVEL: 'debug', WAYMARK_OF_MY_PIPELINE: 'x' }
  const ran = await project.start(['run', 'a.ts', '--json'], environment).ended
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(jsonLines(ran.stdout).at(-1)?.['type'], 'exit')
  const toml = `${join(project.path, 'waymark.config.toml')} is not read: a config is called waymark.config with the ending .ts, .js, .mjs, .json, .yaml, .yml`
  assert.deepEqual(
    ran.stderr.split('\n').filter(text => text.startsWith('note ')),
    [`note     ${misspelt}`, `note     ${toml}`],
  )
  assert.equal((await project.start(['ls', '--quiet'], environment).ended).stderr, '')
  const config = await project.start(['config', '--json'], environment).ended
  assert.equal(config.stderr, '')
  const own = 'WAYMARK_OF_MY_PIPELINE is set, and is no variable of Waymark'
  assert.deepEqual(JSON.parse(config.stdout).data.notices, [misspelt, own, toml])
})

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-config-notices-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

test('A12 of two configs in a folder the one that does not count is told, up to the nearest that does, and of the user’s own too', async t => {
  const folder = await folderOf(t, {
    'waymark.config.cjs': '',
    'in/waymark.config.ts': '',
    'in/waymark.config.json': '{}',
    'in/deep/waymark.config.mts': '',
    'home/.config/waymark/config.ts': '',
    'home/.config/waymark/config.yml': '',
  })
  const HOME = join(folder, 'home')
  const textsIn = (cwd: string, HOME_: string): readonly string[] =>
    configNotices({ environment: { HOME: HOME_ }, cwd: join(folder, cwd), settings: { progress: 'auto', restart: 0 } }).map(
      ({ text, isPressing }) => {
        assert.ok(isPressing)
        return text.replaceAll(folder, '')
      },
    )
  const called = 'is not read: a config is called'
  assert.deepEqual(textsIn('in/deep', HOME), [
    `/in/deep/waymark.config.mts ${called} waymark.config with the ending .ts, .js, .mjs, .json, .yaml, .yml`,
    '/in/waymark.config.json is not read: waymark.config.ts beside it goes before it',
    `/home/.config/waymark/config.ts ${called} config with the ending .yaml, .yml, .json`,
  ])
  assert.deepEqual(textsIn('', folder), [
    `/waymark.config.cjs ${called} waymark.config with the ending .ts, .js, .mjs, .json, .yaml, .yml`,
  ])
})

test('D9 a variable that names a key is used, however it is called', () => {
  const texts = (source: string): readonly string[] =>
    configNotices({
      environment: { HOME: '/nowhere', WAYMARK_KEYS: 'x' },
      cwd: '/',
      settings: { progress: 'auto', restart: 0, key: { source, from: '--key' } },
    }).map(({ text }) => text)
  assert.deepEqual(texts('variable:WAYMARK_KEYS'), [])
  assert.deepEqual(texts('file:x'), ['WAYMARK_KEYS is set, and is no variable of Waymark; did you mean WAYMARK_KEY?'])
})

test('A12 an error of syntax in a config is told with the line and column that Node knows, also in a file that it imports', async t => {
  const broken = 'export default {\n  restart: 1,\n  store: ,\n}\n'
  const folder = await folderOf(t, {
    'a.ts': broken,
    'b.js': broken,
    'c.mjs': broken,
    'in a (folder)/d.ts': broken,
    'e.ts': "import './a.ts'\nexport default {}\n",
    'f.ts': "import { nothing } from 'node:fs'\nexport default {}\n",
    'g.mjs': "import './c.mjs'\nexport default {}\n",
    'h.ts': 'export default {}\n\n  throw new Error("of its own")\n',
    'package.json': '{ "type": "module" }',
  })
  for (const [name, place] of [
    ['a.ts', '3:10'],
    ['b.js', '3:10'],
    ['c.mjs', '3:10'],
    ['in a (folder)/d.ts', '3:10'],
    ['e.ts', undefined],
    ['f.ts', '1:10'],
    ['g.mjs', undefined],
    ['h.ts', '3:9'],
  ] as const) {
    const file = join(folder, name)
    const error: unknown = await loadConfig(file).catch(thrown => thrown)
    assert.ok(isWaymarkError(error, 'invalid'), name)
    const where = place === undefined ? file : `${file}:${place}`
    assert.ok(error.message.startsWith(`${where} cannot be loaded: `), error.message)
    const { line, column } = error.details
    assert.equal(place, line === undefined ? undefined : `${line}:${column}`, name)
    if (name === 'e.ts') assert.ok(error.message.includes(`cannot be loaded: ${join(folder, 'a.ts')}:3:10: `), error.message)
  }
})
