import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { namedOptions } from '../../src/cli/config-options.ts'
import { configProblem } from '../../src/cli/config-problem.ts'
import { configTemplate } from '../../src/cli/config-template.ts'
import { loadConfig } from '../../src/cli/load-config.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

test('A12 in an empty folder init makes a config and a pipeline that runs, goes on after a kill, and gives its result', async t => {
  const project = await WaymarkProject.create(t, { '.gitignore': 'dist' })
  const waits = await project.waymark('init')
  assert.equal(waits.code, 9)
  assert.match(waits.stderr, /waymark init --yes/)
  assert.deepEqual((await readdir(project.path)).sort(), ['.gitignore', 'node_modules', 'package.json'])
  const made = await project.waymark('init', '--yes')
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /next +waymark run pipeline\.ts/)
  assert.equal(await project.read('.gitignore'), 'dist\n.waymark/\n')
  assert.deepEqual((await loadConfig(join(project.path, 'waymark.config.ts'))).config, {})

  const running = project.start(['run', 'pipeline.ts', '--json'])
  await running.seen(/"type":"progress"[^\n]*"done":[1-9]/)
  running.signalGroup('SIGKILL')
  await running.ended
  const again = await project.waymark('run', 'pipeline.ts', '--json')
  assert.equal(again.code, 0, again.stderr)
  const lines = jsonLines(again.stdout)
  assert.match(JSON.stringify(lines.find(({ type }) => type === 'plan')), /"kind":"resume"/)
  assert.deepEqual(lines.find(({ type }) => type === 'result')?.['value'], { squares: 100 })
  const squares = (await project.lines('squares.jsonl')).map((line): unknown => JSON.parse(line))
  assert.deepEqual(
    squares,
    Array.from({ length: 100 }, (_, n) => ({ n, square: n * n })),
  )
})

test('A12 init overwrites nothing: what is there stays as it is, to the byte, and a second time nothing is left to write', async t => {
  const project = await WaymarkProject.create(t, {
    'in/pipeline.ts': '// mine',
    'in/waymark.config.json': '{ "restart": 1 }',
    'in/.gitignore': '# mine\n/.waymark\n',
  })
  const { code, stdout } = await project.waymark('init', 'in', '--json')
  assert.equal(code, 0, stdout)
  const { data, hint } = JSON.parse(stdout)
  assert.deepEqual(
    [data.written, data.left, hint.command],
    [[], ['waymark.config.json', 'pipeline.ts'], 'cd in && waymark run pipeline.ts'],
  )
  assert.deepEqual((await readdir(join(project.path, 'in'))).sort(), ['.gitignore', 'pipeline.ts', 'waymark.config.json'])
  assert.equal(await readFile(join(project.path, 'in/pipeline.ts'), 'utf8'), '// mine')
  assert.equal(await readFile(join(project.path, 'in/.gitignore'), 'utf8'), '# mine\n/.waymark\n')
})

test('A12 the config that init writes has every option, and is right once the slashes are off', async t => {
  const template = configTemplate()
  // A comment behind a value stays one.
  const open = template.replaceAll(/^ {2}\/\/ ( *\w+: (?:.*,|\{)|\},)(?: \/\/.*)?$/gm, '  $1')
  const project = await WaymarkProject.create(t, { 'waymark.config.ts': open })
  const { config } = await loadConfig(join(project.path, 'waymark.config.ts'))
  assert.equal(configProblem(config), undefined)
  const names = Object.entries(config).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && name !== 'compression'
      ? Object.keys(value).map(part => `${name}.${part}`)
      : [name],
  )
  assert.deepEqual(
    names,
    namedOptions.map(({ name }) => name),
  )
})
