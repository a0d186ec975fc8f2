import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open } from 'waymark'
import { blocksOf, readPage, root } from './code-blocks.ts'

const bin = join(root, 'bin/waymark.js')
const [pipelineBlock, libraryBlock] = blocksOf('README.md').filter(({ info }) => info === 'ts')

/** An empty project in which the package is installed. */
function project(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-readme-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/waymark'))
  return folder
}

/** `waymark run squares.ts`, in a process group of its own. */
class Running {
  readonly ended: Promise<number | null>
  readonly #process: ChildProcess
  #stdout = ''

  constructor(folder: string) {
    this.#process = spawn(process.execPath, [bin, 'run', 'squares.ts'], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#process.stdout?.on('data', data => {
      this.#stdout += String(data)
    })
    this.ended = new Promise(resolve => this.#process.once('close', resolve))
  }

  /** Numbers whose square it said it has made. */
  get squared(): number[] {
    return [...this.#stdout.matchAll(/^squared (\d+)$/gm)].map(([, n]) => Number(n))
  }

  kill(): void {
    assert.ok(this.#process.pid)
    process.kill(-this.#process.pid, 'SIGKILL')
  }
}

/** Indexes of the items that the log of the newest run says are finished; undefined where there is no run yet. */
async function recordedItems(folder: string): Promise<ReadonlySet<number> | undefined> {
  const store = await open({ path: join(folder, '.waymark'), create: false }).catch(() => undefined)
  if (store === undefined) return undefined
  const recorded = new Set<number>()
  try {
    for await (const record of store.events('@last')) {
      if (record.type !== 'stage.progress') continue
      for (const [from, to] of record.ranges ?? []) for (let i = from; i <= to; i++) recorded.add(i)
    }
  } catch {
    return undefined
  } finally {
    await store.close()
  }
  return recorded
}

test('the pipeline of the README goes on after kill -9: nothing recorded is called again, every result is in the file once', async t => {
  assert.ok(pipelineBlock)
  assert.match(readPage('README.md'), /`squares\.ts`:\n\n```ts/)
  assert.equal(pipelineBlock.text.trimEnd().split('\n').length, 12)
  const folder = project(t)
  writeFileSync(join(folder, 'squares.ts'), pipelineBlock.text)

  const killed = new Running(folder)
  let over = false
  void killed.ended.then(() => {
    over = true
  })
  while (((await recordedItems(folder))?.size ?? 0) === 0) {
    assert.ok(!over, 'it ended before anything was recorded')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  killed.kill()
  await killed.ended
  const recorded = await recordedItems(folder)
  assert.ok(recorded !== undefined && recorded.size > 0 && recorded.size < 200)

  const resumed = new Running(folder)
  assert.equal(await resumed.ended, 0)
  const numbers = Array.from({ length: 200 }, (_, n) => n)
  assert.deepEqual(
    resumed.squared.sort((a, b) => a - b),
    numbers.filter(n => !recorded.has(n)),
  )
  const lines = readFileSync(join(folder, 'out/squares.jsonl'), 'utf8').trimEnd().split('\n')
  const squares = lines.map((line): { n: number; square: number } => JSON.parse(line)).sort((a, b) => a.n - b.n)
  assert.deepEqual(
    squares,
    numbers.map(n => ({ n, square: n * n })),
  )
  const store = await open({ path: join(folder, '.waymark'), create: false })
  const starts = []
  for await (const record of store.events('@last')) if (record.type === 'stage.started') starts.push(record.path)
  await store.close()
  assert.deepEqual(starts, ['numbers', 'square', 'square', 'report'])
})

test('the library example of the README runs as it stands', t => {
  assert.ok(libraryBlock)
  const folder = project(t)
  writeFileSync(join(folder, 'library.ts'), libraryBlock.text)
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=waymark-source', 'library.ts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /sha256:[0-9a-f]{64} \{ step: 3, seen: Set\(1\) \{ 'a' \} \}/)
})
