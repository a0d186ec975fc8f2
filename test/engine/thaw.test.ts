import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, type Store } from 'waymark'
import { leaseDurationMs } from '../../src/engine/lease-keeper.ts'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { systemClock } from '../../src/model/clock.ts'
import { fromSources } from '../from-sources.ts'
import { itemCount, slow } from './fixtures/slow.ts'

/** A process that runs `slow` in a folder. */
class SlowRun {
  readonly ended: Promise<{ readonly code: number | null; readonly lines: readonly string[] }>
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #watchers = new Set<() => void>()

  constructor(t: TestContext, folder: string) {
    const script = fileURLToPath(new URL('./fixtures/run-slow.ts', import.meta.url))
    const child = spawn(process.execPath, [...fromSources, script, folder, 'first', '4'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    t.after(() => child.kill('SIGKILL'))
    createInterface({ input: child.stdout }).on('line', line => {
      this.#lines.push(line)
      for (const look of this.#watchers) look()
    })
    this.ended = new Promise(resolve => child.once('close', code => resolve({ code, lines: this.#lines })))
  }

  /** Resolves when it began so many items. */
  async began(count: number): Promise<void> {
    const begun = new Promise<void>(resolve => {
      const look = () => {
        if (this.#lines.length >= count) resolve()
      }
      this.#watchers.add(look)
      look()
    })
    await Promise.race([
      begun,
      this.ended.then(({ lines }) => assert.ok(lines.length >= count, `it ended early: ${lines.at(-1)}`)),
    ])
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }
}

/** Who is frozen in the middle of a transaction of the user's database keeps it locked for everybody: that is the database's business, and another story. */
async function freezeOutsideTransactions(run: SlowRun, folder: string): Promise<void> {
  for (;;) {
    run.freeze()
    if (!isLocked(join(folder, 'rows.db'))) return
    run.thaw()
    await new Promise(resolve => setTimeout(resolve, 3))
  }
}

function isLocked(path: string): boolean {
  if (!existsSync(path)) return false
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return false
  } catch {
    return true
  } finally {
    database.close()
  }
}

/** As another machine sees it, after the lease has run out. */
function openElsewhere(folder: string): Promise<Store> {
  return open({
    path: join(folder, '.waymark'),
    components: {
      clock: { ...systemClock, now: () => systemClock.now() + 2 * leaseDurationMs },
      identify: name => ({ ...identifyProcess(name), bootId: 'another machine', host: 'elsewhere' }),
    },
  })
}

/** @param recorded Items that were on record when the second owner began. */
function checkOutput(folder: string, recorded: number): void {
  const text = readFileSync(join(folder, 'out/items.jsonl'), 'utf8')
  const rows = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const numbers = rows.map(row => row.n).sort((a, b) => a - b)
  assert.deepEqual(
    numbers,
    Array.from({ length: itemCount }, (_, n) => n),
    'the output is not every item once',
  )
  const owners = rows.map(row => row.owner)
  const expected = [...Array(recorded).fill('first'), ...Array(itemCount - recorded).fill('second')]
  assert.deepEqual(owners, expected, 'what the first owner wrote later is in the output')
  assert.deepEqual(readdirSync(join(folder, 'out')), ['items.jsonl'])
  const database = new DatabaseSync(join(folder, 'rows.db'))
  const loaded = database.prepare('SELECT n FROM rows ORDER BY n').all()
  database.close()
  assert.deepEqual(
    loaded.map(row => row['n']),
    Array.from({ length: itemCount }, (_, n) => n),
    'the table is not every item once',
  )
}

for (const thawsWhen of ['after its successor has finished', 'in the middle of its successor’s work'] as const) {
  test(`X4 a frozen owner that thaws ${thawsWhen} is fenced, ends, and none of its late writes count [pitfall 1]`, async t => {
    for (const freezeAfter of [4, 13, 31]) {
      const folder = mkdtempSync(join(tmpdir(), 'waymark-thaw-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const first = new SlowRun(t, folder)
      await first.began(freezeAfter)
      await freezeOutsideTransactions(first, folder)
      const store = await openElsewhere(folder)
      const { id, liveness } = await store.run('@last')
      assert.equal(liveness, 'expired')
      const recorded = (await store.stages(id)).find(stage => stage.path === 'written')?.counts?.done ?? 0
      if (freezeAfter > 20) assert.ok(recorded > 0)
      let called = 0
      const thawsAt = thawsWhen === 'after its successor has finished' ? -1 : 5
      const work = slow('second', 1, async () => {
        if (++called !== thawsAt) return
        first.thaw()
        // Its timers are due at once: it finishes items, and writes, while this one does.
        await Promise.race([first.ended, new Promise(resolve => setTimeout(resolve, 30))])
      })
      const outcome = await work.attempt({}, { store, file: join(folder, 'pipeline.ts') })
      if (thawsAt < 0) first.thaw()
      const { code, lines } = await first.ended
      assert.deepEqual([code, lines.at(-1)], [3, 'ended fenced'])
      assert.ok(Array.isArray(outcome?.value))
      assert.deepEqual(
        outcome.value.map(result => result.n),
        Array.from({ length: itemCount }, (_, n) => n),
      )
      checkOutput(folder, recorded)
      assert.equal((await store.run('@last')).state, 'completed')
      assert.deepEqual(store.notices(), [])
      await store.close()
      const again = await open(store.path)
      assert.deepEqual(again.notices(), [])
      const { value } = (await slow('third', 0).attempt({}, { store: again, runId: id })) ?? {}
      assert.deepEqual(value, outcome.value)
      await again.close()
    }
  })
}
