import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline } from 'waymark'
import type { CommandSpec } from '../../src/cli/command-spec.ts'
import { commands } from '../../src/cli/command-table.ts'
import { givenKey } from '../seal/given-key.ts'
import { WaymarkProject } from './waymark-project.ts'

const together = 2

/** What each argument may be, so that nothing but the key is missing. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  run: ['two.ts'],
  resume: ['PLANTED-run'],
  merge: ['kept', 'kept', 'kept', '--strategy', 'ours'],
  diff: ['kept', 'kept'],
  query: ['SELECT 1'],
  import: ['file.json'],
  requeue: ['PLANTED-run', '--all', '--no-run'],
  items: ['PLANTED-run'],
  export: ['kept', '--out', 'out.json', '--format', 'json'],
}

/** Other forms of a command that would change something. */
const alsoTried: readonly (readonly string[])[] = [
  ['repair', '--yes'],
  ['repair', '--undo', 'x'],
  ['cleanup', '--yes'],
  ...['list', 'check', 'rotate'].map(verb => ['keys', verb, ...(verb === 'rotate' ? ['--yes'] : [])]),
  ['keys', 'add', 'file:b.key'],
  ['keys', 'export', 'copy.json'],
  ['keys', 'remove', 'file', '--yes'],
]

const openNothing = ['where', 'keys', 'init', 'config', 'explain', 'completion', 'schema']

const lineOf = ({ name, arguments: wanted }: CommandSpec): readonly string[] => [
  name,
  ...(argumentsOf[name] ??
    wanted.filter(({ required }) => required).map(() => (name === 'pin' || name === 'unpin' ? 'kept' : 'PLANTED-run'))),
]

function bytesOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(
    entries.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'hex')]),
  )
}

test('E6 without its key no command says or changes anything of a sealed store, and each says key_missing', async t => {
  const at = await WaymarkProject.create(t, {
    'two.ts': "import { pipeline } from 'waymark'\nexport default pipeline('PLANTED-two', run => run.stage('one', () => 1))\n",
    'file.json': '{ "a": 1 }',
    'b.key': `${'b1c2'.repeat(16)}\n`,
  })
  const path = join(at.path, '.waymark')
  const store = await open({ path, key: givenKey(7) })
  await store.save({ value: 'PLANTED', id: 'kept', run: 'PLANTED-by-hand' })
  await pipeline('PLANTED-two', run => run.stage('one', () => 'PLANTED')).run({}, { store, runId: 'PLANTED-run' })
  await store.close()
  const before = bytesOf(path)
  const lines = [...commands.filter(({ name }) => !openNothing.includes(name)).map(lineOf), ...alsoTried]
  const waiting = lines.entries()
  const said: string[] = []
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (const [, line] of waiting) {
        const { code, stdout, stderr } = await at.start([...line, '--store', path]).ended
        const shown = line.flatMap(word => (word.startsWith('PLANTED') ? [word] : []))
        // What was typed may be said again.
        const told = shown.reduce((text, word) => text.replaceAll(word, ''), stdout + stderr)
        said.push(
          `${line.join(' ')}: exit ${code}, ${/key_missing/.test(stderr) ? 'key_missing' : stderr.slice(0, 200)}, ${/PLANTED/.test(told)}`,
        )
      }
    }),
  )
  assert.deepEqual(said.sort(), lines.map(line => `${line.join(' ')}: exit 8, key_missing, false`).sort())
  assert.deepEqual(bytesOf(path), before)
})
