import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asksForJson, parseCommandLine } from '../../src/cli/command-line.ts'
import { errorDocument } from '../../src/cli/json-shapes.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

async function refusal(...argv: string[]): Promise<string> {
  try {
    await parseCommandLine(argv)
  } catch (error) {
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    return `${error.message} | ${error.remedy}`
  }
  return assert.fail('it was accepted')
}

test('own flags of run are found wherever they stand before --, everything else is a parameter in order', async () => {
  const line = await parseCommandLine([
    'run',
    'etl.ts',
    '--day',
    '5',
    '--json',
    '--fast',
    '--redo',
    'a',
    '--x=1',
    '--redo=b',
    '--',
    '--json',
    'y',
  ])
  assert.equal(line.command?.name, 'run')
  assert.deepEqual(line.arguments, ['etl.ts'])
  assert.deepEqual(line.params, ['--day', '5', '--fast', '--x=1'])
  assert.deepEqual(line.paramsAfterDashes, ['--json', 'y'])
  assert.deepEqual(line.flags.all('redo'), ['a', 'b'])
  assert.equal(line.flags.on('json'), true)
  assert.equal(line.flags.on('plan'), false)
})

test('flags before the command and aliases mean the same', async () => {
  const line = await parseCommandLine(['--store', '/s', 'list', '-q', '--no-color'])
  assert.equal(line.command?.name, 'ls')
  assert.equal(line.flags.text('store'), '/s')
  assert.equal(line.flags.on('quiet'), true)
  assert.equal(line.flags.on('no-color'), true)
  assert.equal(line.flags.on('color'), false)
  assert.equal((await parseCommandLine(['run', 'a.ts', '--dry-run'])).flags.on('plan'), true)
})

test('help is asked for in four ways', async () => {
  for (const argv of [
    ['help', 'run'],
    ['run', '--help'],
    ['run', '-h'],
    ['-h', 'run'],
  ]) {
    const line = await parseCommandLine(argv)
    assert.equal(line.command?.name, 'run', argv.join(' '))
    assert.equal(line.flags.on('help'), true, argv.join(' '))
  }
  assert.equal((await parseCommandLine([])).command, undefined)
  assert.equal((await parseCommandLine(['help'])).command, undefined)
})

test('a mistyped command or flag is refused with what was probably meant', async () => {
  assert.match(await refusal('shwo'), /no command "shwo".*did you mean `waymark show`/)
  assert.match(await refusal('etl.ts'), /waymark run etl\.ts/)
  assert.match(await refusal('frobnicate'), /no command "frobnicate" \| waymark --help/)
  assert.match(await refusal('ls', '--limt', '3'), /no flag --limt of waymark ls; did you mean --limit/)
  assert.match(await refusal('--jsn', 'ls'), /no flag --jsn/)
})

test('what a flag or command cannot take is refused', async () => {
  assert.match(await refusal('ls', '--limit'), /limit/)
  assert.match(await refusal('ls', '--limit', 'many'), /--limit needs a whole number, not "many"/)
  assert.match(await refusal('ls', '--state', 'crashd'), /did you mean crashed/)
  assert.match(await refusal('run', 'a.ts', '--store', '--json'), /--store needs a value/)
  assert.match(await refusal('run', 'a.ts', '--run-id', 'a', '--run-id', 'b'), /--run-id is given 2 times/)
  assert.match(await refusal('run'), /FILE is missing/)
  assert.match(await refusal('run', '--day', '5', 'etl.ts'), /FILE has to come before the pipeline's parameters/)
  assert.match(await refusal('run', 'a.ts', 'b.ts'), /does not take "b\.ts"; parameters are written --name value/)
  assert.match(await refusal('show', 'a', 'b'), /does not take "b"/)
})

test('--json counts only before --', () => {
  assert.equal(asksForJson(['run', 'a.ts', '--json']), true)
  assert.equal(asksForJson(['run', 'a.ts', '--', '--json']), false)
})

test('J1 the hint of a wrong command line is a command and nothing else', async () => {
  for (const [argv, command] of [
    [['fork', '--nope'], 'waymark fork --help'],
    [['nonsense-of-a-command'], 'waymark --help'],
  ] as const) {
    const error = await parseCommandLine([...argv]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.ok(isWaymarkError(error, 'invalid'))
    assert.deepEqual(Object(errorDocument(argv[0], error.toJSON())).hint, { command })
  }
})
