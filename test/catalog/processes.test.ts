import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-catalog-processes-'))
after(() => rmSync(folder, { recursive: true }))

const limit = Number.POSITIVE_INFINITY

interface ApplyLoop {
  readonly child: ChildProcess
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>
  /** What it has printed so far. */
  output(): string
}

function applyLoop(path: string, name: string, count: number): ApplyLoop {
  const script = new URL('./fixtures/apply-loop.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [...process.execArgv.filter(isForChild), script, path, name, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, ended: once(child, 'close'), output: () => output }
}

const isForChild = (argument: string): boolean => argument.startsWith('--conditions') || argument.startsWith('--import')

/** The mark, and the order of the checkpoints: what each successful apply moved on by one. */
async function progress(catalog: Catalog): Promise<{ readonly appliedEnd: number; readonly orders: readonly number[] }> {
  const checkpoints = await catalog.checkpoints({ limit })
  return {
    appliedEnd: (await catalog.marks())[0]?.appliedEnd ?? 0,
    orders: checkpoints.map(one => one.record.offset / 100).toReversed(),
  }
}

test('processes that open a new file at once and apply at once lose nothing and apply nothing twice (A11, D13)', async () => {
  const path = join(folder, 'shared.sqlite')
  const [workers, each] = [4, 300]
  const children = Array.from({ length: workers }, (_, index) => applyLoop(path, `w${index}`, each))
  await Promise.all(children.map(({ child }) => child.stdout && once(child.stdout, 'data')))
  for (const { child } of children) child.stdin?.end()
  for (const { ended } of children) assert.deepEqual(await ended, [0, null])
  const refused = children.map(({ output }) => Number(/refused (\d+)/.exec(output())?.[1]))
  const catalog = await openSqliteCatalog(path)
  const { appliedEnd, orders } = await progress(catalog)
  assert.equal(appliedEnd, workers * each)
  assert.deepEqual(
    orders,
    Array.from({ length: workers * each }, (_, index) => index + 1),
  )
  const ids = new Set((await catalog.checkpoints({ limit })).map(one => one.id))
  for (let worker = 0; worker < workers; worker++) {
    for (let done = 0; done < each; done++) assert.ok(ids.has(`w${worker}-${done}`))
  }
  assert.ok(
    refused.some(times => times > 0),
    'the processes never met; the test proves nothing',
  )
  await catalog.close()
})

test('a process killed while it applies leaves a catalog whose rows and marks agree', async () => {
  const path = join(folder, 'killed.sqlite')
  for (let round = 1; round <= 5; round++) {
    const { child, ended, output } = applyLoop(path, `k${round}`, 1_000_000)
    child.stdin?.end()
    while (!output().includes(`k${round} 20`)) if (child.stdout !== null) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    assert.deepEqual(await ended, [null, 'SIGKILL'])
    const catalog = await openSqliteCatalog(path)
    const { appliedEnd, orders } = await progress(catalog)
    assert.ok(appliedEnd >= round * 20)
    assert.deepEqual(
      orders,
      Array.from({ length: appliedEnd }, (_, index) => index + 1),
    )
    assert.equal((await catalog.summary()).checkpoints, appliedEnd)
    await catalog.close()
  }
})
