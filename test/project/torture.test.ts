import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fromSources } from '../from-sources.ts'

const script = join(import.meta.dirname, '../../scripts/torture.ts')
const little = ['--seed', '7', '--states', '1', '--kills', '1']

function torture(args: readonly string[], imports: readonly string[] = [], edits: readonly unknown[] = []) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...fromSources, ...imports, script, ...little, ...args], {
    encoding: 'utf8',
    env: { ...process.env, EDITED_SOURCES: JSON.stringify(edits) },
  })
  return { lines: stdout.split('\n').filter(Boolean), stderr, status }
}

test('parts of the torture run at the same time, each tells in a line what it did, and all well is 0', () => {
  const { lines, stderr, status } = torture(['--only', 'log,store'])
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.deepEqual(
    lines.map(line => /^\w+: \d+ disks .*\(seed 7, [\d.]+ s\)$/.test(line) && line.slice(0, line.indexOf(':'))).sort(),
    ['log', 'store'],
  )
})

const editing = ['--import', new URL('../edit-sources.ts', import.meta.url).href]
const broken = (file: string, text: string) => ({ file, text, by: `${text} throw new Error('broken on purpose')` })
const breaks = {
  log: broken(
    'testing/log-simulation.ts',
    'export async function simulateLog(options: LogSimulationOptions): Promise<LogSimulationReport> {',
  ),
  store: broken('testing/store-simulation.ts', '}: StoreSimulation): Promise<number> {'),
}

for (const [part, other] of [
  ['log', 'store'],
  ['store', 'log'],
] as const) {
  test(`a torture whose part ${part} fails says how to see it again, and fails, though ${other} is well`, () => {
    const { lines, stderr, status } = torture(['--only', 'log,store'], editing, [breaks[part]])
    assert.equal(status, 1)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', new RegExp(`^${other}: `))
    assert.match(
      stderr,
      new RegExp(`^${part}: FAILED, seed 7, .*npm run torture -- --seed 7 --states 1 --kills 1 --only ${part}\\n`),
    )
    assert.match(stderr, /broken on purpose/)
  })
}

test('a torture asked for a part that there is not begins none, and names those there are', () => {
  for (const only of ['log,lag', '', 'log,']) {
    const { lines, stderr, status } = torture(['--only', only])
    assert.deepEqual([lines, status], [[], 2])
    assert.match(stderr, /^--only knows chunks, each, .*; not '(lag)?'\n$/)
  }
})

test('parts of a torture end with it, by Ctrl-C or by a kill', { skip: process.platform === 'win32' }, async t => {
  // Every process of the torture is connected as long as it lives.
  const alive = new Set<Socket>()
  const server = createServer(socket => {
    alive.add(socket)
    socket.on('error', () => {}).on('close', () => alive.delete(socket))
  }).listen(0, '127.0.0.1')
  // Should this fail, none is left at work for hours.
  t.after(() => {
    for (const socket of alive) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const connecting = `import { connect } from 'node:net'; connect(${address.port}, '127.0.0.1').on('close', () => process.exit(1)).unref()`
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const args = [
      '--import',
      `data:text/javascript,${encodeURIComponent(connecting)}`,
      script,
      '--seed',
      '7',
      '--states',
      '1000000',
    ]
    const child = spawn(process.execPath, [...fromSources, ...args, '--only', 'log,chunks'], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    while (alive.size < 3) await pause(20)
    child.kill(signal)
    assert.deepEqual(await ended, signal === 'SIGINT' ? [130, null] : [null, signal])
    while (alive.size > 0) await pause(20)
  }
})
