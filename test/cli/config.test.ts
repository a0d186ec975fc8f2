import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { open, pipeline, type Store } from 'waymark'
import { Flags } from '../../src/cli/command-line.ts'
import { commands, flagsOf } from '../../src/cli/command-table.ts'
import { findConfigFile, findUserConfigFile } from '../../src/cli/config-file.ts'
import { configOptions, namedOptions, optionsByName } from '../../src/cli/config-options.ts'
import { configProblem } from '../../src/cli/config-problem.ts'
import { configReport } from '../../src/cli/config-report.ts'
import { configTable } from '../../src/cli/config-table.ts'
import type { Context } from '../../src/cli/context.ts'
import { loadConfig } from '../../src/cli/load-config.ts'
import { createOutput } from '../../src/cli/output.ts'
import { type Settings, settingsOf } from '../../src/cli/settings.ts'
import { checkCompression, codecNames } from '../../src/format/compression.ts'
import { systemClock } from '../../src/model/clock.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { logLevels } from '../../src/model/log-options.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const noFlags = new Flags(new Map())
const invalid = (text: RegExp) => (error: unknown) =>
  isWaymarkError(error, 'invalid') && text.test(`${error.message} ${error.remedy}`)

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-config-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** A value of each option, as a variable says it and as it is meant. */
const said: Readonly<Record<string, readonly [text: string, value: unknown]>> = {
  store: ['/s', '/s'],
  key: ['variable:K', 'variable:K'],
  checkpoints: ['0', false],
  resume: ['ask', 'ask'],
  'save.items': ['7', 7],
  'save.units': ['2', 2],
  'save.share': ['0.5', 0.5],
  'save.ms': ['2m', 120_000],
  'save.overhead': ['0.1', 0.1],
  durability: ['exit', 'exit'],
  compression: ['gzip:9', { codec: 'gzip', level: 9 }],
  parity: ['TRUE', true],
  defaultTtlMs: ['7d', 604_800_000],
  'retention.olderThanDays': ['3', 3],
  'retention.newestRuns': ['4', 4],
  redact: ['params.a, **.b', ['params.a', '**.b']],
  progress: ['none', 'none'],
  restart: ['2', 2],
  backoffMs: ['1.5s', 1_500],
  staleAfterMs: ['24h', 86_400_000],
  'logs.level': ['debug', 'debug'],
  'logs.console': ['true', true],
  'logs.folder': ['/l', '/l'],
  'logs.perStage': ['1', true],
  'logs.keepDays': ['2.5', 2.5],
  'logs.maxBytes': ['10MB', 10_000_000],
  'logs.files': ['0', 0],
}

/** An option as the settings have it. */
function settingOf(settings: Settings, name: string): unknown {
  if (name === 'store') return settings.store?.path
  if (name === 'key') return settings.key?.source
  let value: unknown = settings
  for (const part of name.split('.'))
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === part)?.[1] : undefined
  return value
}

/** The config that says one option. */
const configOf = (name: string, value: unknown): object => {
  const [group = '', part] = name.split('.')
  return { [group]: part === undefined ? value : { [part]: value } }
}

test('D9 A12 every option has a variable, which goes before the config; an empty one is none, a malformed one is named', () => {
  assert.deepEqual(Object.keys(said).sort(), namedOptions.map(({ name }) => name).sort())
  for (const { name, variable = '', kind } of namedOptions) {
    const [text, value] = said[name] ?? ['', undefined]
    assert.deepEqual(settingOf(settingsOf(noFlags, { [variable]: text }, undefined, '/w'), name), value, variable)
    assert.equal(configProblem(configOf(name, value)), undefined, `${name} in a file`)
    const loaded = { file: '/p/c.yaml', config: configOf(name, value) }
    assert.deepEqual(settingOf(settingsOf(noFlags, { [variable]: '' }, loaded, '/w'), name), value, `${name} of a file`)
    for (const wrong of ['', ' ', 'x y', '-1', '1e999', 'NaN', '0x10']) {
      if (kind.read(wrong) !== undefined || wrong === '') continue
      assert.throws(
        () => settingsOf(noFlags, { [variable]: wrong }, undefined, '/w'),
        invalid(new RegExp(`^${variable} .*not `)),
        `${variable}=${wrong}`,
      )
    }
  }
})

test('D9 what a variable is read as passes the check of the config, whatever text it has', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...namedOptions),
      fc.oneof(
        fc.constantFrom('never', '0', '0.5', '0 s', '0.4ms'),
        fc.string({ minLength: 1 }),
        fc.stringMatching(/^\d{1,16}(\.\d{1,3})?\s?[a-zA-Z]{0,3}$/),
      ),
      ({ name, kind }, text) => {
        const value = kind.read(text)
        if (value !== undefined && name !== 'redact')
          assert.equal(configProblem(configOf(name, value))?.message('c'), undefined, `${name}: ${text}`)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('A12 flags go before variables, these before the project, that before the user, and parts of a group one by one', () => {
  const project = { file: '/p/waymark.config.yaml', config: { restart: 3, logs: { level: 'warn' }, retention: false } } as const
  const user = {
    file: '/u/config.yaml',
    config: { restart: 4, durability: 'exit', store: 's', logs: { level: 'info', folder: 'logs' }, retention: { newestRuns: 2 } },
  } as const
  const flags = new Flags(new Map([['restart', ['1']]]))
  const settings = (environment: Readonly<Record<string, string>>, given = noFlags) =>
    settingsOf(given, environment, project, '/w', user)
  assert.equal(settings({ WAYMARK_RESTART: '2' }, flags).restart, 1)
  assert.equal(settings({ WAYMARK_RESTART: '2' }).restart, 2)
  assert.equal(settings({}).restart, 3)
  assert.equal(settingsOf(noFlags, {}, undefined, '/w', user).restart, 4)
  assert.deepEqual(settings({}).logs, { level: 'warn', folder: '/u/logs' })
  assert.deepEqual(settings({}).store, { path: '/u/s', from: '/u/config.yaml' })
  assert.equal(settings({}).retention, false)
  assert.deepEqual(settings({ WAYMARK_RETENTION_DAYS: '5' }).retention, { olderThanDays: 5 })
  assert.deepEqual(settings({ WAYMARK_RETENTION: '1' }).retention, { newestRuns: 2 })
  assert.equal(settingsOf(noFlags, { WAYMARK_RETENTION: '0' }, undefined, '/w', user).retention, false)
})

test('A12 a config in YAML, JSON, TypeScript or JavaScript that is wrong is refused with file, line, column and what was meant', async t => {
  const typed = `// restart: is not here\nconst other = { restart: 1 }\nexport default {\n  store: 'restart: x',\n  logs: { files: 1, levl: other },\n}\n`
  const folder = await folderOf(t, {
    'a.yaml': '# first\nstore: here\nlogs:\n  level: debgu\n',
    'b.json': '{\n  "logs": { "files": 1 },\n  "restart": "often"\n}',
    'c.ts': typed,
    'd.mjs': 'export default {\n  retention: { newestRun: 1 },\n}\n',
    'e.yaml': 'store: [1\n',
    'f.json': '{\n  "restart": 1,\n}',
    'g.ts': 'export default {\n  restart: 1\n  store: 2 }\n',
    'h.yml': '- a list\n',
    'i.json': '{ "resum": "auto" }',
    'j.yaml': 'redact: ["a..b["]\n',
    'k.yaml': 'key: 5\nsave: 5\n',
    'q.yaml': 'restart: 3\nstore: *x\n',
    'r.yaml': '%YAML 9.9\n---\nrestart: 3\n',
    'l.json': '{ "save": 5 }',
    'm.ts': "export default {\n  // restart: 1, {\n  store: '} restart: 2',\n  redact: ['restart:'],\n  restart: 'x',\n}\n",
    'o.ts': "const other = { restart: 2 }\nexport default {\n  store: Object.keys({ restart: other })[0],\n  restart: 'x',\n}\n",
    'p.ts': "const config = {\n  restart: 'x' }\nexport default config\n",
    'n.json': '{ "store": "{\\"restart\\": 1}", "restart": -1 }',
  })
  const expected: Readonly<Record<string, RegExp>> = {
    'a.yaml': /logs\.level in \S+a\.yaml:4:3 has to be 'trace'.*not "debgu"/,
    'b.json': /restart in \S+b\.json:3:4 has to be a whole number from 0, not "often"/,
    'c.ts': /logs of \S+c\.ts:5:21: there is no option "levl" Did you mean level\?/,
    'd.mjs': /retention of \S+d\.mjs:2:16: there is no option "newestRun" Did you mean newestRuns\?/,
    'e.yaml': /\S+e\.yaml:\d+:\d+ is not YAML: /,
    'f.json': /\S+f\.json:3:1 is not JSON: /,
    'g.ts': /\S+g\.ts.* cannot be loaded: /,
    'h.yml': /\S+h\.yml has to export its options as default: an object/,
    'i.json': /\S+i\.json:1:4 has an option "resum", which does not exist; did you mean resume\?/,
    'j.yaml': /redact in \S+j\.yaml:1:1.*cannot be read/,
    'q.yaml': /\S+q\.yaml:2:8 is not YAML: /,
    'r.yaml': /\S+r\.yaml:1:\d+ is not YAML: /,
    'k.yaml': /key in \S+k\.yaml:1:1 has to be what names a key: file:PATH, say /,
    'm.ts': /restart in \S+m\.ts:5:3 has to be a whole number from 0, not "x"/,
    'o.ts': /restart in \S+o\.ts:4:3 /,
    'p.ts': /restart in \S+p\.ts:2:3 /,
    'n.json': /restart in \S+n\.json:1:33 has to be a whole number from 0, not -1/,
    'l.json': /save in \S+l\.json:1:4 has to be an object such as \{ items: 1000 \}, not 5/,
  }
  for (const [name, message] of Object.entries(expected)) {
    await assert.rejects(loadConfig(join(folder, name)), invalid(message), name)
    const error: unknown = await loadConfig(join(folder, name)).catch(thrown => thrown)
    assert.ok(isWaymarkError(error) && error.details['file'] === join(folder, name), name)
  }
})

test('A12 a config of comments sets nothing; the nearest of any kind counts, and of one folder the first', async t => {
  const folder = await folderOf(t, {
    'waymark.config.yml': '# restart: 1\n',
    'in/waymark.config.yaml': 'staleAfterMs: .inf\n',
    'in/waymark.config.json': '{}',
    'home/.config/waymark/config.yaml': 'restart: 1\n',
    'xdg/waymark/config.json': '{}',
  })
  assert.deepEqual((await loadConfig(join(folder, 'waymark.config.yml'))).config, {})
  assert.equal(findConfigFile(join(folder, 'in')), join(folder, 'in/waymark.config.json'))
  assert.equal(findConfigFile(folder), join(folder, 'waymark.config.yml'))
  assert.deepEqual((await loadConfig(join(folder, 'in/waymark.config.yaml'))).config, { staleAfterMs: Number.POSITIVE_INFINITY })
  const HOME = join(folder, 'home')
  assert.equal(findUserConfigFile({ HOME }), join(HOME, '.config/waymark/config.yaml'))
  assert.equal(findUserConfigFile({ HOME, XDG_CONFIG_HOME: join(folder, 'xdg') }), join(folder, 'xdg/waymark/config.json'))
  assert.equal(findUserConfigFile({ HOME, XDG_CONFIG_HOME: 'relative' }), join(HOME, '.config/waymark/config.yaml'))
  assert.equal(findUserConfigFile({ HOME: folder }), undefined)
})

test('A12 --explain says of each value where it comes from, to the line, and what it goes before; no key is shown', async t => {
  const secret = 'Zm9vYmFyYmF6cXV1eA'
  const folder = await folderOf(t, {
    'waymark.config.yaml': `restart: 3\nkey: ${secret}-in-the-project\nlogs:\n  level: warn\nretention: false\n`,
    'user.yaml': `restart: 4\nkey: ${secret}-of-the-user\n`,
  })
  const [config, userConfig] = [
    await loadConfig(join(folder, 'waymark.config.yaml')),
    await loadConfig(join(folder, 'user.yaml')),
  ]
  const environment = {
    WAYMARK_RESTART: '2',
    WAYMARK_KEY: `${secret}-in-a-variable`,
    WAYMARK_STROE: 'x',
    WAYMARK_RETENTION_DAYS: '1',
  }
  const flags = new Flags(new Map([['restart', ['1']]]))
  const line = { command: undefined, arguments: [], flags, params: [], paramsAfterDashes: [] }
  const settings = settingsOf(flags, environment, config, folder, userConfig)
  const output = createOutput(flags, false, environment, () => {})
  const context: Context = { line, settings, config, userConfig, output, environment, cwd: folder, clock: systemClock }
  const report = await configReport(context)
  const options = new Map(report.options.map(option => [option.name, option]))
  const project = join(folder, 'waymark.config.yaml')
  assert.deepEqual(
    [
      options.get('restart')?.value,
      options.get('restart')?.from,
      options.get('restart')?.overrides.map(({ value, from }) => [value, from]),
    ],
    [
      1,
      '--restart',
      [
        [2, 'WAYMARK_RESTART'],
        [3, `${project}:1:1`],
        [4, `${join(folder, 'user.yaml')}:1:1`],
      ],
    ],
  )
  assert.equal(options.get('logs.level')?.from, `${project}:4:3`)
  assert.deepEqual([options.get('durability')?.value, options.get('durability')?.source], [null, 'default'])
  const retention = options.get('retention')
  assert.deepEqual(
    [retention?.value, retention?.from, retention?.overrides[0]?.from],
    [true, 'WAYMARK_RETENTION_DAYS', `${project}:5:1`],
  )
  assert.equal(options.get('key')?.overrides.length, 2)
  assert.doesNotMatch(JSON.stringify(report), new RegExp(secret))
  assert.deepEqual(report.notices, ['WAYMARK_STROE is set, and is no variable of Waymark; did you mean WAYMARK_STORE?'])
})

test('A12 the compression and the log levels of the config are those there are', () => {
  const { kind } = configOptions.compression
  for (const codec of [...codecNames, 'lz4'])
    for (const level of [undefined, -1, 0, 1, 1.5, 9, 10, 11, 12, 22, 23]) {
      const value = { codec, ...(level !== undefined && { level }) }
      const isOne = codecNames.some(name => {
        if (name !== codec) return false
        try {
          checkCompression({ codec: name, ...(level !== undefined && { level }) })
          return true
        } catch {
          return false
        }
      })
      assert.equal(kind.holds(value), isOne, JSON.stringify(value))
    }
  assert.deepEqual(configOptions.logs.parts.level.kind.choices, logLevels)
})

test('D9 every flag of an option is one of the commands, and docs/configuration.md has the table of options', async () => {
  const known = new Set(commands.flatMap(command => flagsOf(command).map(({ name }) => name)))
  for (const { name, flag } of namedOptions) assert.ok(flag === undefined || known.has(flag.name), `${name}: --${flag?.name}`)
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  assert.ok(page.includes(configTable()), 'node --conditions=waymark-source scripts/write-reference.ts')
  assert.equal(Object.keys(optionsByName).length, Object.keys(configOptions).length)
})

const work = `
import { jsonl, pipeline } from 'waymark'
export default pipeline('squares', async (run, params) => {
  const numbers = run.stage('numbers', () => Array.from({ length: 20 }, (_, n) => n))
  const squares = await run.each('square', numbers, async n => ({ n, square: n * n }), { output: jsonl('out-' + params.name + '.jsonl') })
  if (params.fail) throw new Error('asked to')
  return run.stage('report', () => ({ squares: squares.done }))
})
`

test('A12 checkpoints off: the same results and output, and no store is made or touched, also with a key that is not there', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': work })
  const environment = { WAYMARK_STORE: 'deep/er/store', WAYMARK_KEY: 'file:/nowhere.key', WAYMARK_CHECKPOINTS: 'false' }
  const off = await project.start(['run', 'a.ts', '--name', 'off', '--json'], environment).ended
  assert.equal(off.code, 0, off.stderr + off.stdout)
  assert.deepEqual((await readdir(project.path)).sort(), ['a.ts', 'node_modules', 'out-off.jsonl', 'package.json'])
  const on = await project.start(['run', 'a.ts', '--name', 'on', '--json']).ended
  const resultOf = (stdout: string): unknown => jsonLines(stdout).find(({ type }) => type === 'result')?.['value']
  assert.deepEqual(resultOf(off.stdout), { squares: 20 })
  assert.deepEqual(resultOf(off.stdout), resultOf(on.stdout))
  assert.equal(await project.read('out-off.jsonl'), await project.read('out-on.jsonl'))
  const before = await filesOf(join(project.path, '.waymark'))
  // A failure says nothing of going on, and is begun anew each time.
  const failed = await project.waymark(
    'run',
    'a.ts',
    '--name',
    'off',
    '--fail',
    '--no-checkpoints',
    '--restart',
    '1',
    '--backoff',
    '1',
  )
  assert.equal(failed.code, 3)
  assert.match(failed.stderr, /Checkpoints are off: nothing of the run is kept/)
  assert.doesNotMatch(failed.stderr, /waymark (resume|show)/)
  assert.deepEqual(await filesOf(join(project.path, '.waymark')), before)
})

const filesOf = async (folder: string): Promise<readonly (readonly [string, string])[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
  return Promise.all(files.map(async file => [file, (await readFile(file)).toString('base64')] as const))
}

test('A12 the config decides whether a run goes on: never begins anew, ask waits for a decision, a flag goes before it', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': work, 'waymark.config.yaml': 'resume: ask\n' })
  assert.equal((await project.waymark('run', 'a.ts', '--name', 'x', '--fail', '-q')).code, 3)
  const asked = await project.waymark('run', 'a.ts', '--name', 'x', '--fail', '-q')
  assert.equal(asked.code, 9)
  assert.match(asked.stderr, /stale {2}run \w+ of the same work is unfinished, and the option resume is ask/)
  const anew = await project.start(['run', 'a.ts', '--name', 'x', '--fail', '--json'], { WAYMARK_RESUME: 'never' }).ended
  const planOf = (stdout: string): string => JSON.stringify(jsonLines(stdout).find(({ type }) => type === 'plan'))
  assert.match(planOf(anew.stdout), /"kind":"new"/)
  const accepted = await project.waymark('run', 'a.ts', '--name', 'x', '--fail', '--accept-stale', '--json')
  assert.match(planOf(accepted.stdout), /"kind":"resume"/)
  // Whoever names a run means what is kept of it.
  const named = await project.start(['resume', 'squares@last', '--json'], { WAYMARK_CHECKPOINTS: '0' }).ended
  assert.match(planOf(named.stdout), /"kind":"resume"/)
})

const ten = pipeline('ten', run =>
  run.each(
    'each',
    Array.from({ length: 10 }, (_, n) => n),
    async n => n,
    { key: n => String(n), concurrency: 1 },
  ),
)

/** How many items were done by the time of each save. */
async function savesOf(store: Store): Promise<readonly number[]> {
  const { run } = await ten.run({}, { store })
  const saves: number[] = []
  for await (const event of store.events(run)) if (event.type === 'stage.progress') saves.push(event.counts.done)
  return saves
}

test('A12 a store in memory keeps what is saved until it is closed, and takes the save policy of open', async () => {
  const store = await open({ inMemory: true, save: { items: 1 } })
  const [often, seldom] = [await savesOf(store), await open({ inMemory: true }).then(savesOf)]
  assert.deepEqual([often[0], often.at(-1), seldom], [1, 10, [10]])
  const { id } = await store.save({ value: { a: 1 }, run: 'r', stage: 's' })
  assert.deepEqual((await store.load(id)).value, { a: 1 })
  await store.close()
  const other = await open({ inMemory: true })
  await assert.rejects(other.load(id), (error: unknown) => isWaymarkError(error, 'not_found'))
  await other.close()
  await assert.rejects(open({ inMemory: true, save: { items: 0 } }), invalid(/open: save\.items must be/))
})

test('D9 a config that never comes to its end, or ends the process, is said; one that leaves something open holds nothing up', async t => {
  const project = await WaymarkProject.create(t, { 'waymark.config.mjs': 'await new Promise(() => {})\nexport default {}\n' })
  const never = await project.waymark('ls')
  assert.equal(never.code, 2, never.stderr)
  assert.match(never.stderr, /waymark\.config\.mjs cannot be loaded: what it awaits never comes/)
  await project.write('waymark.config.mjs', 'process.exit(0)\n')
  const exits = await project.waymark('ls', '--json')
  assert.equal(exits.code, 2, exits.stderr)
  assert.match(exits.stderr, /The config file ended the process: nothing was run or changed\./)
  await project.write('waymark.config.mjs', 'setInterval(() => {}, 1_000)\nexport default {}\n')
  // That it ends at all is what is tried.
  assert.equal((await project.waymark('config')).code, 0)
})
