import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nodeFiles } from '../../src/files/node-files.ts'
import { parquet } from '../../src/outputs/parquet-file.ts'
import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.ts'
import { temporaryFolder } from './temporary-folder.ts'

const script = fileURLToPath(new URL('./fixtures/write-output.ts', import.meta.url))
const items = 240
const mostKills = 2
const numbers = Array.from({ length: items }, (_, n) => n)

const linesOf = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [])

/** One attempt in a process of its own, killed soon after that many calls. */
async function attempt(place: string, kind: string, killAfter: number | undefined): Promise<{ killed: boolean; said: string }> {
  const child = spawn(process.execPath, ['--conditions=waymark-source', script, place, kind, String(items)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const before = linesOf(`${place}/calls`).length
  const watch = setInterval(() => {
    if (killAfter !== undefined && linesOf(`${place}/calls`).length - before >= killAfter) child.kill('SIGKILL')
  }, 2)
  try {
    const signal = await new Promise<string | null>(resolve => child.once('close', (_, by) => resolve(by)))
    return { killed: signal === 'SIGKILL', said }
  } finally {
    clearInterval(watch)
  }
}

/** Killed at random moments until it is done. `between` is asked after each kill. */
async function killUntilDone(
  context: TestContext,
  kind: string,
  random: SeededRandom,
  between: (place: string) => Promise<void> = async () => {},
) {
  const place = await temporaryFolder(context)
  for (let kills = 0; kills < 12; kills++) {
    const ended = await attempt(place, kind, kills < mostKills ? 20 + random.integer(items / 6) : undefined)
    if (!ended.killed) {
      assert.match(ended.said, /done completed\n$/)
      assert.ok(kills >= 2)
      return { place }
    }
    await between(place)
  }
  throw new Error('it never got done')
}

const ascending = (found: readonly number[]) => found.toSorted((a, b) => a - b)

test('X3 kill -9 at random moments: every row is in the parts once, exactly, and no part is written twice', async context => {
  const parts = new Map<string, string>()
  const { place } = await killUntilDone(context, 'parquet', seededRandom(3), async folder => {
    const names = existsSync(`${folder}/out`) ? (await readdir(`${folder}/out`)).filter(name => !name.startsWith('.')) : []
    for (const name of names) {
      const { ino, mtimeMs } = await stat(`${folder}/out/${name}`)
      const facts = `${ino} ${mtimeMs} ${await readFile(`${folder}/out/${name}`, 'hex')}`
      assert.equal(parts.get(name) ?? facts, facts, name)
      parts.set(name, facts)
    }
  })
  assert.ok(parts.size > 0)
  const source = await parquet<{ n: number; big: bigint; at: Date }>('out').open({
    files: nodeFiles,
    baseDirectory: place,
    signal: new AbortController().signal,
  })
  const rows: { n: number; big: bigint; at: Date }[] = []
  for await (const batch of source.batches()) for (const row of batch) rows.push(row as { n: number; big: bigint; at: Date })
  assert.deepEqual(ascending(rows.map(row => row.n)), numbers)
  for (const { n, big, at } of rows) assert.ok(big === 2n ** 60n + BigInt(n) && at.getTime() === n)
  assert.deepEqual(
    await readdir(`${place}/out`),
    Array.from({ length: 12 }, (_, at) => `part-${String(at + 1).padStart(5, '0')}.parquet`),
  )
})

test('X3 kill -9 at random moments: a whole file for every result, and no other', async context => {
  const { place } = await killUntilDone(context, 'folder', seededRandom(4))
  const names = (await readdir(`${place}/out`)).filter(name => !name.startsWith('.'))
  assert.deepEqual(ascending(names.map(name => Number.parseInt(name, 10))), numbers)
  for (const name of names)
    assert.equal(await readFile(`${place}/out/${name}`, 'utf8'), `${Number.parseInt(name, 10)} ${'x'.repeat(200)}`)
})

test('X3 kill -9 at random moments: a callback gets every result at least once, and always under the same key', async context => {
  const { place } = await killUntilDone(context, 'callback', seededRandom(5))
  const keys = new Map<string, string>()
  for (const line of linesOf(`${place}/taken`)) {
    const [n = '', key = ''] = line.split(' ')
    assert.equal(keys.get(n) ?? key, key)
    keys.set(n, key)
  }
  assert.deepEqual(ascending([...keys.keys()].map(Number)), numbers)
  assert.equal(new Set(keys.values()).size, items)
})

test('X3 kill -9 at random moments: every line is in the CSV file once, under one header', async context => {
  const { place } = await killUntilDone(context, 'csv', seededRandom(6))
  const [header, ...lines] = linesOf(`${place}/out.csv`)
  assert.equal(header, 'n')
  assert.deepEqual(ascending(lines.map(Number)), numbers)
})
