import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { commands, flagsOf, namesOf } from '../../src/cli/command-table.ts'
import { rootFlags } from '../../src/cli/common-flags.ts'
import { completions } from '../../src/cli/completion.ts'
import { bashCompletion } from '../../src/cli/completion-bash.ts'
import { fishCompletion } from '../../src/cli/completion-fish.ts'
import { zshCompletion } from '../../src/cli/completion-zsh.ts'
import { exitCodeOf } from '../../src/model/errors.ts'

const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0
/** A shell that is missing is said loudly, not passed over. */
const needs = (shell: string) => ({ skip: isThere(shell) ? false : `NOT TESTED: ${shell} is not installed here` })

/** What bash offers for each of these command lines, the last word of which is being typed. */
function offered(t: { after(fn: () => void): void }, lines: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-completion-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'waymark.bash'), bashCompletion(completions()))
  writeFileSync(join(folder, 'my pipeline.ts'), '')
  const calls = lines.map(words => `complete_words ${words.map(word => `'${word}'`).join(' ')}`)
  const script = `
    set -u
    source <(cat waymark.bash)
    complete -p waymark > /dev/null || exit 9
    complete_words() {
      COMP_WORDS=(waymark "$@"); COMP_CWORD=$#; COMPREPLY=()
      _waymark
      printf '%s|' "\${COMPREPLY[@]+"\${COMPREPLY[@]}"}"; echo
    }
    ${calls.join('\n')}`
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(stderr, '')
  return stdout
    .trimEnd()
    .split('\n')
    .map(line => line.split('|').filter(word => word !== ''))
}

test('X13 bash completes every command, every flag of each, and the values of every flag that has some', needs('bash'), t => {
  const wanted = commands.flatMap(command => [
    { words: [command.name], has: [command.name] },
    {
      words: [command.name, '--'],
      has: flagsOf(command)
        .flatMap(namesOf)
        .map(name => `--${name}`),
    },
    ...flagsOf(command).flatMap(flag =>
      flag.choices === undefined
        ? []
        : namesOf(flag).map(name => ({ words: [command.name, `--${name}`, ''], has: [...(flag.choices ?? [])] })),
    ),
  ])
  const found = offered(
    t,
    wanted.map(({ words }) => words),
  )
  for (const [index, { words, has }] of wanted.entries()) {
    const missing = has.filter(word => found[index]?.includes(word) !== true)
    assert.deepEqual(missing, [], words.join(' '))
    if (words.at(-1) === '') assert.deepEqual(found[index], has, words.join(' '))
  }
})

test(
  'X13 bash completes what comes where: arguments by their place, files, values after =, nothing after --',
  needs('bash'),
  t => {
    const cases: readonly (readonly [words: readonly string[], offers: readonly string[]])[] = [
      [['re'], ['resume', 'requeue', 'report', 'records', 'reset', 'repair']],
      [['--'], rootFlags.flatMap(namesOf).map(name => `--${name}`)],
      [
        ['--progress', ''],
        ['auto', 'plain', 'none'],
      ],
      [['--progress', '=', 'p'], ['plain']],
      [['--progress', 'plain', 'verif'], ['verify']],
      [
        ['list', '--sta'],
        ['--stale-after', '--state'],
      ],
      [['run', 'my'], ['my pipeline.ts']],
      [
        ['run', 'a.ts', '--durability', '=', 'p'],
        ['power', 'process'],
      ],
      [['run', 'a.ts', '--', '--du'], []],
      [['run', '--redo', 'x', 'my'], ['my pipeline.ts']],
      [
        ['keys', 're'],
        ['remove', 'rekey'],
      ],
      [['keys', 'new', 're'], []],
      [['explain', ''], Object.keys(exitCodeOf)],
      [
        ['completion', ''],
        ['bash', 'zsh', 'fish'],
      ],
      [['schema', 'ver'], ['verify']],
      [['help', 'ver'], ['verify']],
      [['show', ''], []],
    ]
    const found = offered(
      t,
      cases.map(([words]) => words),
    )
    for (const [index, [words, offers]] of cases.entries())
      assert.deepEqual([...(found[index] ?? [])].sort(), [...offers].sort(), words.join(' '))
  },
)

test('X13 zsh reads its script, and offers the commands', needs('zsh'), () => {
  const checked = spawnSync('zsh', ['-n'], { input: zshCompletion(completions()), encoding: 'utf8' })
  assert.deepEqual([checked.status, checked.stderr], [0, ''])
})

test('X13 fish reads its script, and offers the commands', needs('fish'), t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-completion-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'waymark.fish')
  writeFileSync(file, `${fishCompletion(completions())}\ncomplete -C 'waymark verif'\n`)
  const { status, stdout, stderr } = spawnSync('fish', ['--no-config', file], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^verify\t/m)
})

test('X13 the scripts for zsh and fish name every command and flag, with their quotes in pairs', () => {
  const { commands: known } = completions()
  const zsh = zshCompletion(completions())
  const fish = fishCompletion(completions())
  for (const { name, flags } of known) {
    assert.ok(zsh.includes(`        ${name}) _arguments`), name)
    assert.ok(fish.includes(`-a ${name} -d `), name)
    for (const flag of flags) {
      assert.ok(zsh.includes(`--${flag.name}`), flag.name)
      assert.match(fish, new RegExp(`from ${name}' -l ${flag.name} `))
    }
  }
  // Bash reads both kinds of quotes as zsh does.
  for (const line of fish.split('\n')) assert.equal(line.replaceAll(/\\'/g, '').split("'").length % 2, 1, line)
})
