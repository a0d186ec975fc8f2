/**
 * Calls every command with `--json` in one process, in the working folder, and writes what they print to the file that is named: `[{ args, code, lines }]`. Starting a process for each would take
 * half a minute. The pipeline is run by `waymark run` in a process of its own as always.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../../src/cli/main.ts'

interface Answer {
  readonly args: readonly string[]
  readonly code: number
  readonly lines: readonly unknown[]
}

const answers: Answer[] = []
const stdout = process.stdout.write.bind(process.stdout)
process.stdout.setMaxListeners(0)
process.stderr.setMaxListeners(0)

async function call(...args: string[]): Promise<Answer> {
  let printed = ''
  process.stdout.write = chunk => {
    printed += String(chunk)
    return true
  }
  const code = await main([...args, '--json'])
  process.stdout.write = stdout
  const lines = printed.trimEnd().split('\n')
  const answer = { args, code, lines: lines.map((line): unknown => JSON.parse(line)) }
  answers.push(answer)
  return answer
}

/** A text in an answer, found by the names and places that lead to it. */
function textIn(answer: Answer, ...path: readonly (string | number)[]): string {
  let value: unknown = answer.lines.at(-1)
  for (const step of path)
    value =
      typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === String(step))?.[1] : undefined
  if (typeof value !== 'string') throw new Error(`${answer.args.join(' ')} has no ${path.join('.')}: ${JSON.stringify(answer)}`)
  return value
}

const checkpointOf = (answer: Answer): string => textIn(answer, 'data', 'stages', 0, 'checkpointId')

await call('run', 'a.ts', '--until', 'numbers')
await call('resume')
await call('run', 'a.ts', '--fail', '--restart', '1', '--backoff', '1')
await call('run', 'a.ts', '--die')
await call('run', 'a.ts', '--plan')
await call('run', 'a.ts', '--no-checkpoints')
await call('run', 'missing.ts')
await call('run', 'a.ts', '--nonsense=1', '--every', 'x')
await call('run', 'a.ts', '--help')
await call('help')
await call('help', 'ls')
await call('--version')
await call('nonsense')
await call('ls')
await call('ls', '--limit', 'x')
const done = await call('ls', '--state', 'completed')
const run = textIn(done, 'data', 'runs', 0, 'id')
const shown = await call('show', run)
const checkpoint = checkpointOf(shown)
await call('show', `${run}/square`)
await call('show', `${run}/square/3`)
await call('show', checkpoint)
await call('show', checkpoint, '--value')
await call('show', checkpoint, '--path', 'rows[1]')
await call('show', 'nonsense')
await call('items', run)
await call('items', run, '--set-aside')
await call('items', `${run}/square/5`)
await call('report', run)
await call('report')
await call('report', '--pipeline', 'sq')
await call('checkpoints')
await call('checkpoints', run, '--limit', '1')
await call('stats')
await call('records', run)
await call('records', '--stream', 'squares', '--tail', '1')
await call('export', run, '--records', 'squares', '--out', 'squares.jsonl', '--artifacts', 'plots')
await call('where')
await call('watch', run)
await call('events', run)
await call('events', run, '--raw')
await call('events', run, '--summary')
await call('pin', checkpoint, '--name', 'kept', '--reason', 'a test')
await call('unpin', checkpoint, '--name', 'kept')
await call('export', checkpoint)
await call('export', run)
await call('export', run, '--out', 'run.json')
writeFileSync('value.json', '{"a":1}')
const imported = textIn(await call('import', 'value.json', '--run', 'mine', '--stage', 'one'), 'data', 'checkpoint', 'id')
writeFileSync('value.json', '{"a":2,"b":[1]}')
const other = textIn(await call('import', 'value.json', '--run', 'mine', '--stage', 'two'), 'data', 'checkpoint', 'id')
await call('diff', imported, other)
await call('diff', run, 'sq@last')
await call('merge', imported, imported, other)
await call('merge', imported, imported, other, '--save-as', 'mine/three')
await call('fork', `${run}/numbers`)
await call('cancel', 'sq@last')
await call('pause', 'sq@last')
await call('requeue', run, '--all', '--plan')
await call('requeue', run, '--all')
await call('requeue', run, '--all', '--no-run')
await call('reset', `${run}/report`, '--plan')
await call('reset', `${run}/report`)
await call('reset', `${run}/report`, '--yes')
await call('cleanup', '--days', '0')
await call('cleanup', '--days', '0', '--yes')
await call('query', 'select 1 as a')
await call('init')
await call('init', 'new', '--yes')
await call('config')
process.env['WAYMARK_RESTART'] = 'often'
await call('config')
process.env['WAYMARK_RESTART'] = '2'
process.env['WAYMARK_STALE_AFTER_MS'] = 'never'
await call('config', '--explain')
delete process.env['WAYMARK_RESTART']
delete process.env['WAYMARK_STALE_AFTER_MS']
await call('explain')
await call('explain', 'corrupt')
await call('explain', 'corupt')
for (const shell of ['bash', 'zsh', 'fish']) await call('completion', shell)
await call('completion', 'tcsh')
await call('schema')
await call('schema', 'ls')
await call('schema', 'lss')
await call('verify')
await call('repair')

const sealed = ['--store', 'sealed']
await call('import', 'value.json', '--run', 'mine', '--stage', 'one', ...sealed)
await call('keys', 'new', 'store.key')
await call('keys', 'list', ...sealed)
await call('keys', 'init', 'file:store.key', ...sealed)
await call('ls', ...sealed)
for (const verb of [['list'], ['check'], ['rekey'], ['export', 'ring.json']])
  await call('keys', ...verb, '--key', 'file:store.key', ...sealed)

const packs = readdirSync('.waymark/packs', { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
for (const pack of packs) {
  const file = join(pack.parentPath, pack.name)
  const bytes = readFileSync(file)
  for (let at = 200; at < bytes.length - 200; at += 50) bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(file, bytes)
}
await call('show', checkpoint, '--value')
await call('verify', '--full')
await call('repair')
const mended = await call('repair', '--yes')
const id = mended.lines.map(line => JSON.stringify(line).match(/"id":"([^"]+)"/)?.[1])[0]
if (id !== undefined) await call('repair', '--undo', id)

writeFileSync(process.argv[2] ?? 'answers.json', JSON.stringify(answers))
