import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isWaymarkError, open, type Plan, pipeline } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { fromSources } from '../from-sources.ts'

const path = process.argv[2]
const items = Array.from({ length: 200 }, (_, i) => i)

/** Kills itself at item 150, when much of what came before is recorded. */
const pass = (called: (n: number) => void, killAt?: number) =>
  pipeline('damaged-progress', async run => {
    const result = await run.each(
      'work',
      items,
      async n => {
        called(n)
        if (n === killAt && path !== undefined) {
          await untilCatalogKnows(path)
          process.kill(process.pid, 'SIGKILL')
        }
        await new Promise(resolve => setImmediate(resolve))
        return n
      },
      { key: n => n, save: { items: 20 } },
    )
    return result.results().toArray()
  })

if (path !== undefined && process.send !== undefined) {
  const store = await open({ path })
  await pass(() => {}, 150).run({}, { store })
} else {
  test('B8 after a damaged progress record the run is refused with what mends it, and then goes on from the record before, which the user is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-damaged-'))
    try {
      const path = join(folder, '.waymark')
      const child = fork(import.meta.filename, [path], { execArgv: [...fromSources] })
      const [, signal] = await once(child, 'exit')
      assert.equal(signal, 'SIGKILL')
      damageLast(path)
      let store = await open({ path })
      const calls: number[] = []
      await assert.rejects(pass(n => calls.push(n)).run({}, { store }), (error: unknown) => {
        assert.ok(isWaymarkError(error, 'corrupt'), String(error))
        assert.match(error.remedy, /^waymark repair {2}falls back to the last record that is intact/)
        return true
      })
      assert.equal(calls.length, 0)
      await store.repair()
      await store.close()
      store = await open({ path })
      const plans: Plan[] = []
      const { value, proof } = await pass(n => calls.push(n)).run(
        {},
        { store, onEvent: event => event.type === 'plan' && plans.push(event.plan) },
      )
      const [plan] = plans
      assert.match(
        plan?.notices.join() ?? '',
        /\d+ bytes behind the last intact record were set aside: .* or damage\. What they held is done again/,
      )
      const reused = plan?.stages[0]?.recorded ?? 0
      assert.ok(reused > 0 && reused <= 150, `${reused}`)
      assert.equal(calls.length, 200 - reused)
      assert.deepEqual(proof?.items, { reused, new: 200 - reused, total: 200 })
      assert.deepEqual(
        value.toSorted((a, b) => a - b),
        items,
      )
      await store.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/**
 * Until the catalog has every byte of the log as durable, and that for half a second: before, only the process that is killed here knows
 * of the last record, so that damage to it cannot be told from a write that never was whole.
 */
async function untilCatalogKnows(path: string): Promise<void> {
  const file = join(path, 'catalog.sqlite')
  assert.ok(existsSync(file), 'nobody else can ask the catalog of a sealed store')
  const catalog = await openSqliteCatalog(file)
  for (let seen = 0; seen < 25; ) {
    await sleep(20)
    const [mark] = await catalog.marks()
    const size = mark && statSync(join(path, 'segments', `${mark.segment}.seg`)).size
    seen = mark?.provenEnd === size ? seen + 1 : 0
  }
  await catalog.close()
}

/** Flips a bit in the last record of the log. */
function damageLast(path: string): void {
  const [segment] = readdirSync(join(path, 'segments'))
  const file = join(path, 'segments', segment ?? '')
  const bytes = readFileSync(file)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  bytes[end - 30] = (bytes[end - 30] ?? 0) ^ 1
  writeFileSync(file, bytes)
}
