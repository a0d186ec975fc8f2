import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, open, type Store } from 'waymark'
import { leaseDurationMs } from '../src/engine/lease-keeper.ts'
import { identifyProcess } from '../src/engine/process-identity.ts'
import { systemClock } from '../src/model/clock.ts'
import { type SeededRandom, seededRandom } from '../src/testing/seeded-random.ts'
import { fromSources } from '../test/from-sources.ts'
import { type Owned, type Stalled, stalledPipeline } from './torture/thaw-pipeline.ts'

const worker = fileURLToPath(new URL('./torture/thaw-worker.ts', import.meta.url))
/** Owners stalled at the same time. */
const lanes = 2

/**
 * Stops real owners with SIGSTOP at random moments, lets another take over as if their lease had run out, and wakes them with SIGCONT
 * at a random moment: before, in the middle of or after the work of the successor. The old owner must end `fenced`, nothing it did after
 * the take-over may count (stages, results, lines of a file, rows of a table) or be acknowledged to it, and the run must be whole.
 * Resolves with one line that says what was done.
 */
export async function tortureThaw({ rounds, seed }: { readonly rounds: number; readonly seed: number }): Promise<string> {
  const seen = { fenced: 0, completed: 0, locked: 0 }
  let next = 0
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const owner = new StalledOwner()
      try {
        while (seen.fenced < rounds) {
          const one = seed * 10_000 + next++
          try {
            const { ended, locked } = await stallOnce(owner, seededRandom(one))
            seen[ended]++
            if (locked) seen.locked++
          } catch (error) {
            throw new Error(`schedule ${one}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
          }
        }
      } finally {
        owner.kill()
      }
    }),
  )
  const besides = `${seen.completed} had finished before, ${seen.locked} held a database their successor had to wait for`
  return `${seen.fenced} owners stopped and woken after a take-over were fenced, and nothing they did later counted (${besides})`
}

/** A process that works on one run after another. */
class StalledOwner {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor() {
    this.#child = spawn(process.execPath, [...fromSources, worker], { stdio: ['pipe', 'pipe', 'inherit'] })
    assert.ok(this.#child.stdout)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Begins the work; resolves when the first function was called. */
  async begin(plan: Stalled): Promise<void> {
    this.#child.stdin?.write(`${JSON.stringify(plan)}\n`)
    for (let line = await this.#next(); line !== 'began'; line = await this.#next()) assert.equal(line, 'ready')
  }

  /** Resolves with how it ended and the steps whose results were acknowledged to it. */
  async ended(): Promise<{ readonly how: string; readonly acknowledged: readonly number[] }> {
    const acknowledged: number[] = []
    for (;;) {
      const line = await this.#next()
      if (line.startsWith('ended ')) return { how: line.slice('ended '.length), acknowledged }
      acknowledged.push(Number(/^acknowledged (\d+)$/.exec(line)?.[1]))
    }
  }

  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done !== true) return value
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    throw new Error(`the owner is gone: ${this.#child.exitCode ?? this.#child.signalCode}`)
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

async function stallOnce(owner: StalledOwner, random: SeededRandom) {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-torture-thaw-'))
  const plan: Stalled = {
    folder,
    items: 20 + random.integer(60),
    steps: 10 + random.integer(20),
    concurrency: random.pick([1, 3, 8]),
    saveItems: random.pick([1, 3, 10]),
    pauseMs: random.pick([0, 1, 3]),
    durability: random.pick(['power', 'process']),
    output: random.pick(['jsonl', 'folder', 'parquet']),
  }
  const stopsAfterMs = random.integer(random.pick([5, 40, 150]))
  // After the successor began, or undefined: when it has ended.
  const wakesAfterMs = random.pick([0, 3, 10, 30, 80, undefined, undefined])
  try {
    await owner.begin(plan)
    await pause(stopsAfterMs)
    owner.stop()
    const called = new Set<string>()
    const takeOver = async () => {
      const store = await openElsewhere(folder)
      try {
        const now = new Set<string>()
        const work = stalledPipeline(plan, 'second', (stage, n) => {
          assert.ok(!now.has(`${stage} ${n}`), `${stage} ${n} was called twice`)
          now.add(`${stage} ${n}`)
          called.add(`${stage} ${n}`)
        })
        return (await work.run({}, { store, runId: 'stalled' })).value
      } finally {
        await store.close()
      }
    }
    const wakes = wakesAfterMs === undefined ? undefined : pause(wakesAfterMs).then(() => owner.wake())
    let value: Awaited<ReturnType<typeof takeOver>>
    let locked = false
    let end: Awaited<ReturnType<StalledOwner['ended']>> | undefined
    try {
      value = await takeOver()
    } catch (error) {
      // It was stopped inside a transaction of a database: that only delays.
      if (!isWaymarkError(error, 'unavailable')) throw error
      locked = true
      owner.wake()
      end = await owner.ended()
      value = await takeOver()
    }
    owner.wake()
    await wakes
    end ??= await owner.ended()
    assert.ok(
      end.how === 'fenced' || (end.how === 'completed' && (locked || called.size === 0)),
      `the old owner ended ${end.how}`,
    )
    await checkEnd(plan, value, called, end.acknowledged)
    return { ended: end.how === 'fenced' ? ('fenced' as const) : ('completed' as const), locked }
  } catch (error) {
    // So that its next run is not this one.
    owner.wake()
    const what = error instanceof Error ? error.message : String(error)
    throw new Error(`${JSON.stringify({ ...plan, stopsAfterMs, wakesAfterMs })}: ${what}`, { cause: error })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writtenTo({ folder, output }: Stalled): Promise<Owned[]> {
  const owned = (text: string): Owned => JSON.parse(text)
  if (output === 'jsonl') return readFileSync(join(folder, 'out.jsonl'), 'utf8').split('\n').filter(Boolean).map(owned)
  const place = join(folder, 'out')
  const seen = readdirSync(place).filter(name => !name.startsWith('.'))
  if (output === 'folder') return seen.map(name => owned(readFileSync(join(place, name), 'utf8')))
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const rows: Owned[] = []
  for (const name of seen) {
    const file = await asyncBufferFromFile(join(place, name))
    for (const row of await parquetReadObjects({ file, compressors }))
      rows.push({ n: Number(row['n']), owner: String(row['owner']) })
  }
  return rows
}

/** What the successor called is the successor's, everything else is the old owner's, and each is there once. */
async function checkEnd(
  plan: Stalled,
  value: Readonly<Record<'step' | 'kept', readonly Owned[]>>,
  called: ReadonlySet<string>,
  acknowledged: readonly number[],
): Promise<void> {
  const { folder, items, steps } = plan
  const expected = (stage: string, count: number): Owned[] =>
    Array.from({ length: count }, (_, n) => ({ n, owner: called.has(`${stage} ${n}`) ? 'second' : 'first' }))
  assert.deepEqual(value.step, expected('step', steps), 'the stages')
  assert.deepEqual(value.kept, expected('kept', items), 'the results in the store')
  const rows = await writtenTo(plan)
  assert.deepEqual(
    rows.sort((a, b) => a.n - b.n),
    expected('written', items),
    'what the output holds',
  )
  const database = new DatabaseSync(join(folder, 'out.db'))
  const loaded = database.prepare('SELECT n, owner FROM rows ORDER BY n').all()
  database.close()
  assert.deepEqual(
    loaded.map(row => ({ ...row })),
    expected('loaded', items),
    'the rows of the table',
  )
  for (const n of acknowledged)
    assert.ok(!called.has(`step ${n}`), `step ${n} was acknowledged to the old owner and called again`)
  const store = await open(join(folder, '.waymark'))
  try {
    assert.equal((await store.run('stalled')).state, 'completed')
    assert.deepEqual(store.notices(), [])
    const again = stalledPipeline(plan, 'third', stage => assert.fail(`${stage} was called after the end`))
    assert.deepEqual((await again.run({}, { store, runId: 'stalled' })).value, value)
  } finally {
    await store.close()
  }
}
