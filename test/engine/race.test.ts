import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, jsonl, open, pipeline } from 'waymark'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { delaying } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { fromSources } from '../from-sources.ts'
import { itemCount, slow } from './fixtures/slow.ts'

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const start = (script: string, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [...fromSources, fixture(script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })

interface Crashed {
  readonly folder: string
  readonly run: string
  /** Items of the output that are on record. */
  readonly recorded: ReadonlySet<number>
}

/** A folder with a run whose process was killed in the middle. */
async function crashedRun(t: TestContext): Promise<Crashed> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-crashed-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const child = start('run-slow.ts', folder, 'killed', '2')
  assert.ok(child.stdout)
  for await (const line of createInterface({ input: child.stdout })) if (line === 'item 25') child.kill('SIGKILL')
  const look = mkdtempSync(join(tmpdir(), 'waymark-look-'))
  try {
    cpSync(folder, look, { recursive: true })
    const store = await open(join(look, '.waymark'))
    const { id, shownState } = await store.run('@last')
    assert.equal(shownState, 'crashed')
    const recorded = new Set<number>()
    for await (const event of store.events(id)) {
      if (event.type !== 'stage.progress' || event.path !== 'written') continue
      for (const [from, to] of event.ranges ?? []) for (let n = from; n <= to; n++) recorded.add(n)
    }
    await store.close()
    assert.ok(recorded.size > 0)
    return { folder, run: id, recorded }
  } finally {
    rmSync(look, { recursive: true })
  }
}

/** A process that goes on with runs when told to. */
class Racer {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(t: TestContext, owner: string) {
    this.#child = start('racer.ts', owner)
    t.after(() => this.#child.kill('SIGKILL'))
    assert.ok(this.#child.stdout)
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async ready(): Promise<void> {
    assert.equal((await this.#answers.next()).value, 'ready')
  }

  async goOn(
    folder: string,
    run: string,
    delayMs: number,
  ): Promise<{ readonly ended: string; readonly called: readonly number[] }> {
    this.#child.stdin?.write(`${folder} ${run} ${delayMs}\n`)
    const answer = await this.#answers.next()
    return JSON.parse(answer.value)
  }

  async end(): Promise<void> {
    this.#child.stdin?.end()
    await once(this.#child, 'exit')
  }
}

const rounds = 40

test('of two processes that go on with one crashed run, one does; the other is refused or fenced, and nothing is there twice [pitfall 18]', async t => {
  const crashed = await crashedRun(t)
  const racers = [new Racer(t, 'one'), new Racer(t, 'two')]
  for (const racer of racers) await racer.ready()
  const random = seededRandom(1)
  const seen = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-race-'))
    try {
      cpSync(crashed.folder, folder, { recursive: true })
      const late = random.integer(2)
      const delayMs = random.pick([0, 0, 1, 3, 5, 8, 12, 20])
      const answers = await Promise.all(racers.map((racer, i) => racer.goOn(folder, crashed.run, i === late ? delayMs : 0)))
      const ended = answers.map(answer => answer.ended).sort()
      seen.set(ended.join(' '), (seen.get(ended.join(' ')) ?? 0) + 1)
      for (const end of ended) assert.ok(['completed', 'lease_held', 'fenced'].includes(end), end)
      const completed = answers.filter(answer => answer.ended === 'completed')
      // Both, if one came only after the end: then it found everything done.
      assert.ok(
        completed.length === 1 || (completed.length === 2 && completed.some(answer => answer.called.length === 0)),
        ended.join(' '),
      )
      for (const n of answers.flatMap(answer => answer.called))
        assert.ok(!crashed.recorded.has(n), `item ${n} was recorded and is called again`)
      await checkEnd(folder, crashed)
    } catch (error) {
      throw new Error(`round ${round}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  t.diagnostic(JSON.stringify([...seen]))
  for (const racer of racers) await racer.end()
  const refused = [...seen].filter(([ended]) => ended !== 'completed completed').reduce((sum, [, count]) => sum + count, 0)
  assert.ok(refused > rounds / 4, `they hardly ever raced: ${JSON.stringify([...seen])}`)
})

async function checkEnd(folder: string, { run, recorded }: Crashed): Promise<void> {
  const everyItem = Array.from({ length: itemCount }, (_, n) => n)
  const lines = readFileSync(join(folder, 'out/items.jsonl'), 'utf8').trimEnd().split('\n')
  const rows: { n: number; owner: string }[] = lines.map(line => JSON.parse(line))
  assert.deepEqual(
    rows.map(row => row.n).sort((a, b) => a - b),
    everyItem,
    'the output is not every item once',
  )
  assert.equal(rows.filter(row => row.owner === 'killed').length, recorded.size)
  const database = new DatabaseSync(join(folder, 'rows.db'))
  const loaded = database.prepare('SELECT n FROM rows ORDER BY n').all()
  database.close()
  assert.deepEqual(
    loaded.map(row => row['n']),
    everyItem,
    'the table is not every item once',
  )
  const store = await open(join(folder, '.waymark'))
  try {
    const summary = await store.run(run)
    assert.equal(summary.state, 'completed')
    assert.equal((await store.runs()).length, 1)
    assert.deepEqual(store.notices(), [])
    const outcome = await slow('nobody', 0).attempt({}, { store, runId: run, file: join(folder, 'pipeline.ts') })
    assert.ok(Array.isArray(outcome?.value))
    assert.deepEqual(
      outcome.value.map(result => result.n),
      everyItem,
      'the results in the store are not every item once',
    )
  } finally {
    await store.close()
  }
}

test('an owner that took over after another had begun, unseen, leaves that one’s output file to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-overtaken-'))
  const dead = (name: string) => ({ ...identifyProcess(name), processStart: 'gone' })
  const gate = Promise.withResolvers<void>()
  const crash = await open({ path: join(folder, '.waymark'), components: { identify: dead } })
  await assert.rejects(overtaken(folder, 'crashed', n => n === 8 && Promise.reject(new Error('no'))).run({}, { store: crash }), {
    code: 'failed',
  })
  await crash.close()

  // It has looked, and finds the run's owner ended; before it claims the run, the other one does, and works.
  const claims = Promise.withResolvers<void>()
  const files = delaying(nodeFiles, ({ kind, mode, path }) => {
    if (kind !== 'open' || mode !== 'create' || !path.includes('/claims/')) return undefined
    claims.resolve()
    return gate.promise
  })
  const late = await open({ path: join(folder, '.waymark'), components: { files } })
  const early = await open(join(folder, '.waymark'))
  const goOn = Promise.withResolvers<void>()
  const begins = Promise.withResolvers<void>()
  const second = overtaken(folder, 'late', async n => {
    // By now this one has opened the output; the other one writes to what it has open.
    if (n === 20) goOn.resolve()
    if (n >= 20) await new Promise(resolve => setTimeout(resolve, 20))
  }).run({}, { store: late })
  await claims.promise
  const first = overtaken(folder, 'early', async n => {
    if (n < 14) return
    begins.resolve()
    await goOn.promise
  })
    .run({}, { store: early })
    .then(
      () => 'completed',
      error => (isWaymarkError(error) ? error.code : error),
    )
  await begins.promise
  gate.resolve()
  assert.equal((await second).state, 'completed')
  assert.equal(await first, 'fenced')
  const rows: { n: number; owner: string }[] = readFileSync(join(folder, 'items.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    rows.map(row => row.n),
    Array.from({ length: 30 }, (_, n) => n),
  )
  assert.ok(rows.slice(14).every(row => row.owner === 'late'))
  assert.deepEqual(
    (await late.runs()).map(run => run.state),
    ['completed'],
  )
  await Promise.all([late.close(), early.close()])
  rmSync(folder, { recursive: true })
})

function overtaken(folder: string, owner: string, before: (n: number) => unknown) {
  return pipeline('overtaken', async run => {
    const items = run.stage('items', () => Array.from({ length: 30 }, (_, n) => n))
    await run.each(
      'work',
      items,
      async n => {
        await before(n)
        return { n, owner }
      },
      { output: jsonl(join(folder, 'items.jsonl')), save: { items: 1 } },
    )
  })
}
