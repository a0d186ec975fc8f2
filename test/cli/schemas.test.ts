import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { commands } from '../../src/cli/command-table.ts'
import { errorDocument } from '../../src/cli/json-shapes.ts'
import { commandSchema, schemaCommands } from '../../src/cli/schemas/command-schema.ts'
import { WaymarkError } from '../../src/model/errors.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const root = join(import.meta.dirname, '../..')

const pipelineFile = `
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { jsonl, pipeline } from 'waymark'
export default pipeline('sq', async (run, params) => {
  const numbers = await run.stage('numbers', () => ({ rows: Array.from({ length: 20 }, (_, n) => n), noise: randomBytes(200_000) }))
  if (params.die) process.kill(process.pid, 'SIGKILL')
  const squares = await run.each('square', [...numbers.rows], async (n, ctx) => {
    if (n === 5) throw new Error('not 5')
    while (params.hold && existsSync('hold')) await new Promise(resolve => setTimeout(resolve, 10))
    await ctx.record('squares', { n, status: 'ok' }, { artifact: { name: n + '.txt', bytes: Buffer.from(String(n * n)) } })
    return n * n
  }, { key: n => String(n), tolerate: { count: 3 }, output: jsonl('out/squares' + (params.hold ? '-held' : params.fail ? '-failed' : '') + '.jsonl') })
  console.log('a line')
  if (params.fail) throw new Error('asked to')
  return run.stage('report', () => squares.done)
})
`

/** Nothing beyond what the schema names: whoever reads the schema knows every field there is. */
function strictly(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strictly)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strictly(value)]))
  return 'properties' in inner && 'required' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner
}

const validators = new Map<string, ValidateFunction>()

function validatorOf(command: string): ValidateFunction {
  const known = validators.get(command)
  if (known !== undefined) return known
  const schema = strictly(commandSchema(command))
  if (typeof schema !== 'object' || schema === null) throw new Error(`no schema of ${command}`)
  const made = new Ajv2020({ strict: true, allErrors: false, strictRequired: false, allowUnionTypes: true }).compile(schema)
  validators.set(command, made)
  return made
}

/** Errors of the schema that fits best, in a line. */
function misfit(command: string, value: unknown): string | undefined {
  const validate = validatorOf(command)
  if (validate(value)) return undefined
  const told = (validate.errors ?? []).map(error => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`)
  return `${command}: ${JSON.stringify(value).slice(0, 600)}\n  ${told.join('\n  ')}`
}

interface Answer {
  readonly args: readonly string[]
  readonly code: number
  readonly lines: readonly Readonly<Record<string, unknown>>[]
}

const commandOf = ({ args, lines }: Answer): string => {
  const [first] = lines
  if (first?.['command'] === 'help' || first?.['command'] === 'version') return String(first['command'])
  const [name = ''] = args
  // A word that is no command is answered by a document that any schema has.
  return schemaCommands.some(({ command }) => command === name) ? name : 'ls'
}

test('X13 what every command prints under --json is as its schema says: done, refused, not found, damaged, sealed', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': pipelineFile, 'waymark.config.yaml': 'restart: 0\n' })
  await promisify(execFile)(
    process.execPath,
    [
      '--conditions=waymark-source',
      '--import',
      join(root, 'bin/preload.js'),
      join(import.meta.dirname, 'every-command.ts'),
      'answers.json',
    ],
    { cwd: project.path, env: { PATH: process.env['PATH'], HOME: project.path, LANG: 'C.UTF-8' }, maxBuffer: 2 ** 26 },
  )
  const answers: readonly Answer[] = JSON.parse(await project.read('answers.json'))
  const misfits = answers.flatMap(answer =>
    answer.lines.flatMap(line => {
      const found = misfit(commandOf(answer), line)
      return found === undefined ? [] : [`waymark ${answer.args.join(' ')} (exit ${answer.code}) ${found}`]
    }),
  )
  assert.deepEqual(misfits, [])

  const codes = new Set(
    answers.flatMap(({ lines }) => lines.map(line => JSON.stringify(line).match(/"error":\{"code":"(\w+)"/)?.[1])),
  )
  for (const code of ['invalid', 'not_found', 'corrupt', 'key_missing', 'confirmation', 'failed'])
    assert.ok(codes.has(code), `nothing was ${code}`)
  // 4: done, with items set aside.
  const succeeded = new Set(answers.filter(({ code }) => code === 0 || code === 4).map(({ args }) => args[0]))
  assert.deepEqual(
    commands.map(({ name }) => name).filter(name => !succeeded.has(name)),
    [],
  )
  const types = new Set(answers.flatMap(({ lines }) => lines.map(line => line['type'])))
  for (const type of [
    'plan',
    'stage.completed',
    'stage.reused',
    'item.setAside',
    'log',
    'restarting',
    'requeued',
    'watching',
    'result',
    'run.ended',
  ])
    assert.ok(types.has(type), `no line was ${type}`)

  // A schema that lets everything pass would prove nothing.
  for (const answer of answers) {
    const [line] = answer.lines
    const command = commandOf(answer)
    const fields =
      'type' in (line ?? {})
        ? ['schemaVersion', 'type', 'time']
        : ['schemaVersion', 'ok', line?.['ok'] === true ? 'data' : 'error']
    for (const field of fields) {
      const { [field]: _left, ...without } = { ...line }
      assert.notEqual(misfit(command, without), undefined, `${command} without ${field}`)
      if (command !== 'events')
        assert.notEqual(misfit(command, { ...line, [field]: 'wrong' }), undefined, `${command} with a wrong ${field}`)
    }
    if (command !== 'events')
      assert.notEqual(misfit(command, { ...line, unknown: 1 }), undefined, `${command} with a field of no meaning`)
  }
})

test('X13 a run that Ctrl-C stops ends with { type: exit, code: 130 }, and every line is as the schema says', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': pipelineFile, hold: '' })
  const running = project.start(['run', 'a.ts', '--hold', '--json'])
  await running.seen(/"stage.started"[^\n]*"square"/)
  running.signalGroup('SIGINT')
  await running.seen(/"stopping"/)
  await project.remove('hold')
  const { code, stdout } = await running.ended
  const lines = jsonLines(stdout)
  assert.equal(code, 130)
  assert.deepEqual([lines.at(-1)?.['type'], lines.at(-1)?.['code'], lines.at(-1)?.['ok']], ['exit', 130, false])
  assert.deepEqual(
    lines.flatMap(line => misfit('run', line) ?? []),
    [],
  )
})

test('X13 the document of a command that a signal stops is as the schema says', () => {
  const stopped = new WaymarkError('cancelled', { message: 'stopped by SIGINT before it was done', means: 'm', remedy: 'r' })
  assert.equal(misfit('ls', errorDocument('ls', stopped.toJSON())), undefined)
})

test('X13 every command has a schema, and the package carries it as it is printed', () => {
  const known = schemaCommands.map(({ command }) => command).sort()
  assert.deepEqual(known, [...commands.map(({ name }) => name), 'help', 'version'].sort())
  const folder = join(root, 'schemas')
  assert.deepEqual(
    readdirSync(folder).sort(),
    known.map(name => `${name}.json`),
  )
  for (const name of known)
    assert.deepEqual(
      JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')),
      JSON.parse(JSON.stringify(commandSchema(name))),
      `schemas/${name}.json is old: node --conditions=waymark-source scripts/write-reference.ts`,
    )
  const manifest: { readonly files: readonly string[] } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.ok(manifest.files.includes('schemas'))
})
