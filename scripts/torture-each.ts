import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { open, type Store } from 'waymark'
import { peekRun } from '../src/engine/begin-attempt.ts'
import { coreOf } from '../src/engine/store.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'
import { fromSources } from '../test/from-sources.ts'
import { type Features, featuresOf, isPoison, passOf } from './torture/each-features.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const worker = fileURLToPath(new URL('./torture/each-worker.ts', import.meta.url))
/** Stores tortured at the same time. */
const lanes = 2
/** A process that is killed more often than this is let through, so that its runs come to an end. */
const mostKills = 8

/**
 * Kills real processes with SIGKILL at random moments while they pass over items: one to three runs a process, with every kind of input and output, concurrency from 1 to 64, batches, retries, items
 * set aside, stages inside items and passes inside stages, all drawn from the seed. After every kill no recorded item may be called again; at the end every output must hold every item once. Resolves with one
 * line that says what was done.
 */
export async function tortureEach({ rounds, seed }: { readonly rounds: number; readonly seed: number }): Promise<string> {
  const done = { kills: 0, processes: 0, runs: 0 }
  let next = 0
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (done.kills < rounds) {
        const torture = new TorturedStore(seed * 1_000 + next++)
        try {
          done.kills += await torture.run()
          done.processes++
          done.runs += torture.features.length
        } finally {
          torture.remove()
        }
      }
    }),
  )
  return `${done.kills} real kill -9 over ${done.runs} runs in ${done.processes} stores, with every kind of input and output: nothing recorded was lost, called again or written twice`
}

class TorturedStore {
  readonly features: readonly Features[]
  readonly #seed: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'waymark-torture-each-'))
  /** By run and item: the attempt in which it was seen recorded. */
  readonly #recorded = new Map<string, number>()
  readonly #parts = new Map<string, string>()

  constructor(seed: number) {
    this.#seed = seed
    const random = seededRandom(seed)
    this.features = Array.from({ length: 1 + random.integer(3) }, (_, run) => featuresOf(seed, run))
    for (const { name, items } of this.features) {
      const lines = Array.from({ length: items }, (_, n) => `{"n":${n}}\n`)
      writeFileSync(join(this.#folder, `${name}.in`), lines.join(''))
    }
    writeFileSync(this.#calls, '')
  }

  /** Resolves with the number of kills. */
  async run(): Promise<number> {
    const random = seededRandom(this.#seed + 1)
    let kills = 0
    try {
      while (kills < mostKills) {
        if (!(await this.#startAndKill(random.integer(random.pick([40, 150, 400]))))) break
        kills++
        await this.#check()
      }
      const { code, stderr } = await exitOf(this.#start())
      assert.equal(code, 0, `the last attempt ended with ${code}\n${stderr}`)
      await this.#check()
      await this.#checkEnd()
      return kills
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${this.#seed}, after ${kills} kills, ${JSON.stringify(this.features)}: ${what}`, { cause: error })
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #calls(): string {
    return join(this.#folder, 'calls.log')
  }

  #callLines(): string[] {
    return readFileSync(this.#calls, 'utf8').split('\n').filter(Boolean)
  }

  #start(): ChildProcess {
    const args = [...fromSources, worker, this.#folder, String(this.#seed), String(this.features.length)]
    return spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] })
  }

  /** False if it ended before the moment came. */
  async #startAndKill(delayMs: number): Promise<boolean> {
    const before = this.#callLines().length
    const child = this.#start()
    let over = false
    const ended = exitOf(child).finally(() => {
      over = true
    })
    while (!over && this.#callLines().length === before) await pause(3)
    await Promise.race([ended, pause(delayMs)])
    if (over) {
      const { code, stderr } = await ended
      assert.equal(code, 0, `ended with ${code}\n${stderr}`)
      return false
    }
    child.kill('SIGKILL')
    await ended
    return true
  }

  /** What was seen recorded was not called by a later attempt; then notes what is recorded now. */
  async #check(): Promise<void> {
    for (const line of this.#callLines()) {
      const [attempt = '', name = '', item = ''] = line.split(' ')
      const seen = this.#recorded.get(`${name} ${item}`)
      assert.ok(
        seen === undefined || Number(attempt) <= seen,
        `item ${item} of ${name} was recorded in attempt ${seen} and called again in attempt ${attempt}`,
      )
    }
    const store = await open({ path: join(this.#folder, '.waymark') })
    assert.deepEqual(store.notices(), [])
    for (const features of this.features) await this.#noteRecorded(store, features)
    await store.close()
    this.#checkParts()
  }

  async #noteRecorded(store: Store, features: Features): Promise<void> {
    const core = coreOf(store)
    await core.feed.refresh()
    const view = await core.feed.query(catalog => catalog.run(features.name))
    if (view === undefined) return
    const recorded = await peekRun(core, view)
    const pass = recorded.stages.get(passOf(features))
    for (let n = 0; n < features.items; n++) {
      const isRecorded = pass !== undefined && (features.input === 'array' ? pass.keys.has(String(n)) : pass.completed.has(n))
      const what = `${features.name} ${n}`
      if (isRecorded) this.#note(what, recorded.attempts)
      else assert.ok(!this.#recorded.has(what), `${what} was recorded, and is no more`)
      const inner = recorded.stages.get(`${passOf(features)}[${n}]/inner`)
      if (inner?.state === 'completed') this.#note(`${features.name} inner${n}`, recorded.attempts)
    }
  }

  #note(what: string, attempt: number): void {
    if (!this.#recorded.has(what)) this.#recorded.set(what, attempt)
  }

  /** A part that was published is never written again. */
  #checkParts(): void {
    for (const { name } of this.features) {
      const folder = join(this.#folder, `${name}.parquet`)
      if (!existsSync(folder)) continue
      for (const part of readdirSync(folder).filter(file => file.startsWith('part-') && file.endsWith('.parquet'))) {
        const { ino, mtimeMs, size } = statSync(join(folder, part))
        const now = `${ino} ${mtimeMs} ${size}`
        const path = `${name}/${part}`
        const before = this.#parts.get(path)
        // The run is not over: a part beyond what is recorded may be made anew, one that was seen by a finished attempt may not.
        if (before !== undefined) assert.equal(now, before, `${path} was written again`)
        this.#parts.set(path, now)
      }
    }
  }

  async #checkEnd(): Promise<void> {
    const store = await open({ path: join(this.#folder, '.waymark') })
    for (const features of this.features) {
      const expected = Array.from({ length: features.items }, (_, n) => n).filter(n => !isPoison(features, n))
      const setAside = features.items - expected.length
      const run = await store.run(features.name)
      assert.equal(run.state, 'completed')
      const result = run.resultId === undefined ? undefined : (await store.load(run.resultId)).value
      const sum = features.output === 'none' ? { sum: expected.reduce((a, b) => a + b, 0) } : {}
      assert.deepEqual(result, { done: expected.length, setAside, ...sum }, features.name)
      const written = await writtenBy(features, this.#folder)
      if (written !== undefined)
        assert.deepEqual(
          written.sort((a, b) => a - b),
          expected,
          `${features.name}: the output is not every item once`,
        )
    }
    await store.close()
  }
}

/** The items in the output, each as often as it is there; for a callback each key once. */
async function writtenBy({ name, output }: Features, folder: string): Promise<number[] | undefined> {
  const path = (suffix: string) => join(folder, `${name}.${suffix}`)
  const lines = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [])
  switch (output) {
    case 'none':
      return undefined
    case 'jsonl':
      return lines(path('jsonl')).map(line => JSON.parse(line).n)
    case 'csv':
      return lines(path('csv'))
        .slice(1)
        .map(line => Number(line.split(',')[0]))
    case 'parquet':
      return rowsOfParts(path('parquet'))
    case 'folder':
      return readdirSync(path('files'))
        .filter(file => file.endsWith('.json'))
        .map(file => JSON.parse(readFileSync(join(path('files'), file), 'utf8')).n)
    case 'sqlite': {
      const database = new DatabaseSync(path('db'))
      const rows = database.prepare('SELECT n FROM rows').all()
      database.close()
      return rows.map(row => Number(row['n']))
    }
    case 'callback': {
      const byKey = new Map(lines(path('sent')).map(line => line.split(' ').reverse() as [string, string]))
      const numbers = [...byKey.values()].map(Number)
      assert.equal(new Set(numbers).size, numbers.length, `${name}: an item was sent under two keys`)
      return numbers
    }
  }
}

async function rowsOfParts(folder: string): Promise<number[]> {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const numbers: number[] = []
  for (const part of readdirSync(folder).filter(name => name.endsWith('.parquet'))) {
    const file = await asyncBufferFromFile(join(folder, part))
    for (const row of await parquetReadObjects({ file, compressors })) numbers.push(Number(row['n']))
  }
  return numbers
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

function exitOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr += String(chunk)
  })
  return new Promise(resolve => child.on('close', code => resolve({ code, stderr })))
}
