import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commands, flagsOf, namesOf } from '../../src/cli/command-table.ts'
import { commonFlags, rootFlags } from '../../src/cli/common-flags.ts'
import { commandHelp, flagText, rootHelp, usage } from '../../src/cli/help-text.ts'
import { exitCodeOf } from '../../src/model/errors.ts'

test('help is one screen, begins with examples and is plain ASCII', () => {
  for (const help of [rootHelp('1.2.3'), ...commands.map(command => commandHelp(command))]) {
    const lines = help.trimEnd().split('\n')
    assert.ok(lines.length <= 44, `${lines.length} lines`)
    for (const line of lines) assert.ok(line.length <= 100, line)
    assert.ok(
      lines.slice(0, 3).some(line => line.startsWith('  waymark ')),
      help,
    )
    assert.match(help, /^[\x20-\x7e\n]*$/)
  }
})

test('X13 the help of all commands fits 80 columns and 40 lines, and names every one', () => {
  const lines = rootHelp('10.20.30').trimEnd().split('\n')
  assert.ok(lines.length <= 40, `${lines.length} lines`)
  for (const line of lines) assert.ok(line.length <= 80, line)
  const listed = lines.flatMap(line => /^ {2}also: (.*)$/.exec(line)?.[1]?.split(', ') ?? /^ {2}(\w+) {2}/.exec(line)?.[1] ?? [])
  assert.deepEqual(new Set(listed), new Set(commands.map(({ name }) => name)))
})

test('the help of run shows the parameters of the pipeline', () => {
  const [run] = commands
  assert.ok(run !== undefined)
  const params = {
    fields: [
      { name: 'day', type: 'string', required: true, summary: 'the day to load' },
      { name: 'n', type: 'number', required: false, default: 3 },
    ],
    open: false,
  }
  const help = commandHelp(run, { file: 'etl.ts', name: 'orders', params })
  assert.match(
    help,
    /Parameters of orders \(etl\.ts\)\n {2}--day +the day to load \(string, required\)\n {2}--n +number, default 3\n/,
  )
  assert.match(commandHelp(run, { file: 'etl.ts', name: 'orders', params: undefined }), /not described/)
})

test('no command has two flags of one name', () => {
  for (const command of commands) {
    const names = flagsOf(command).flatMap(namesOf)
    assert.deepEqual(names, [...new Set(names)], command.name)
  }
})

test('docs/cli.md has every command, argument, flag and exit code, in the words of the help', () => {
  const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  const has = (text: string) => assert.ok(docs.includes(text), `docs/cli.md lacks: ${text}`)
  for (const command of commands) {
    has(`### \`waymark ${usage(command)}\``)
    if (command.alias !== undefined) has(`\`waymark ${command.alias}\``)
    for (const argument of command.arguments) has(`| \`${argument.name}\` | ${argument.summary} |`)
    for (const flag of command.flags) has(`| \`${flagText(flag)}\` | ${flag.summary}`)
    for (const example of command.examples) has(example.command)
  }
  for (const flag of [...commonFlags, ...rootFlags]) has(`| \`${flagText(flag)}\` | ${flag.summary}`)
  for (const [code, exit] of Object.entries(exitCodeOf))
    assert.match(docs, new RegExp(`\\| ${exit} \\|[^\\n]*\`${code}\``), `${code} is exit ${exit}`)
})

test('E6 every verb of keys has help of its own, in 80 columns, with the flags that it takes', () => {
  const keys = commands.find(({ name }) => name === 'keys')
  assert.ok(keys?.verbs !== undefined)
  assert.deepEqual(
    keys.verbs.map(({ name }) => name),
    keys.arguments[0]?.choices,
  )
  const helps = keys.verbs.map(({ name }) => commandHelp(keys, undefined, name))
  assert.equal(new Set(helps).size, 9)
  for (const help of [commandHelp(keys), ...helps]) for (const line of help.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(commandHelp(keys, undefined, 'rotate'), /waymark keys rotate\n[\s\S]*--to SOURCE/)
  assert.doesNotMatch(commandHelp(keys, undefined, 'check'), /--to/)
})
