import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { nodeFiles } from '../../src/files/node-files.ts'
import { jsonl, open, pipeline, type RunEvent } from '../../src/index.ts'
import { countingFiles } from '../../src/testing/faulty-files.ts'
import { fromSources } from '../from-sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-durability-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const program = join(import.meta.dirname, 'fixtures/killed-run.ts')

/** Runs the fixture until it is killed, by itself; gives what it said was done by then. */
async function killed(store: string, durability: string, ms = 600): Promise<{ readonly atRisk: number; readonly done: number }> {
  const child = spawn(process.execPath, [...fromSources, program, store, durability, String(ms)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  const [, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL')
  return JSON.parse(text)
}

/** Items that the next attempt calls. */
async function calledAgain(path: string): Promise<number> {
  let called = 0
  const store = await open({ path })
  await pipeline('killed', async run => {
    await run.stage('first', () => assert.fail('a finished stage is called again'))
    await run.each(
      'items',
      Array.from({ length: 300 }, (_, i) => i),
      () => {
        called++
      },
      { key: i => i },
    )
  }).run({}, { store })
  await store.close()
  return called
}

describe('a kill -9 (B16)', { concurrency: 3 }, () => {
  for (const durability of ['power', 'process'] as const) {
    test(`loses nothing that was recorded as \`${durability}\``, async () => {
      const path = join(folder, durability)
      const { done, atRisk } = await killed(path, durability)
      assert.equal(done, 200)
      const again = await calledAgain(path)
      assert.ok(again >= 100 && again <= 100 + atRisk, `${again} items called, ${atRisk} were at risk`)
    })
  }

  test('loses the whole pass that was under way as `exit`, and no finished stage', async () => {
    const path = join(folder, 'exit')
    const { atRisk } = await killed(path, 'exit')
    assert.equal(atRisk, 200)
    assert.equal(await calledAgain(path), 300)
  })
})

test('a catalog that shows what a power cut took, in a segment as long as before, is built anew from the log', async () => {
  const path = join(folder, 'ahead')
  await killed(path, 'process', 300)
  // Another process looks, and so fills the catalog with what no sync has covered.
  const before = await open({ path })
  const [run] = await before.runs({ limit: 1 })
  const [, items] = await before.stages(run?.id ?? '')
  const shown = items?.counts?.done ?? 0
  assert.ok(shown >= 50)
  await before.close()
  const segments = join(path, 'segments')
  for (const name of readdirSync(segments)) {
    const content = readFileSync(join(segments, name))
    content.fill(0, Math.floor(content.length * 0.6))
    writeFileSync(join(segments, name), content)
  }
  const after = await open({ path })
  assert.match(after.notices().join(), /the catalog was ahead of the log; it was built anew/)
  const [, fewer] = await after.stages(run?.id ?? '')
  assert.ok((fewer?.counts?.done ?? 0) < shown)
  await after.close()
})

test('`process` makes fewer syncs than `power`, and the end of a run is on the disk in all three', async () => {
  const syncs: Record<string, number> = {}
  const ends = []
  for (const durability of ['power', 'process', 'exit'] as const) {
    const path = join(folder, `ends-${durability}`)
    const files = countingFiles(nodeFiles)
    const store = await open({ path, durability, components: { files } })
    files.reset()
    const outcome = await pipeline('many', async run => {
      for (let i = 0; i < 20; i++) await run.stage('step', () => i, { key: i })
    }).run({}, { store })
    syncs[durability] = files.counts.sync
    const again = await pipeline('many', async () => assert.fail('called again')).run({}, { store, runId: outcome.run })
    ends.push(again.state)
    await store.close()
  }
  assert.deepEqual(ends, ['completed', 'completed', 'completed'])
  const { power = 0, process: less = 0, exit = 0 } = syncs
  assert.ok(power >= 20 && less < power / 2 && exit <= less + 2, JSON.stringify(syncs))
})

test('each stage can ask for its own durability, and a progress event says what holds and how often it is saved', async () => {
  const events: RunEvent[] = []
  const store = await open({ path: join(folder, 'own'), durability: 'process' })
  await pipeline('own', async run => {
    await run.stage('safe', () => 1, { durability: 'power' })
    await run.each('exit', [1, 2, 3], async n => n, { key: n => n, durability: 'exit' })
    const wait = () => new Promise(resolve => setTimeout(resolve, 30))
    await run.each(
      'timed',
      Array.from({ length: 10 }, (_, i) => i),
      wait,
      { key: n => n, save: { items: 2 } },
    )
  }).run({}, { store, onEvent: event => events.push(event) })
  await store.close()
  const saves = events.flatMap(event => (event.type === 'progress' && event.stage === 'timed' ? [event.save] : []))
  assert.ok(saves.length > 0)
  for (const save of saves) {
    assert.equal(save?.durability, 'process')
    assert.match(save?.reason ?? '', /^(least|cheap|optimum|overhead)$/)
    assert.ok((save?.intervalMs ?? 0) >= 50)
  }
  assert.ok((saves.at(-1)?.costMs ?? 0) > 0)
})

test('an output file is whole when the run has ended, whatever was asked for', async () => {
  const out = join(folder, 'lines.jsonl')
  const store = await open({ path: join(folder, 'lines'), durability: 'exit' })
  await pipeline('lines', async run => {
    await run.each('a', [1, 2, 3], n => n, { key: n => n, output: jsonl<number>(out) })
  }).run({}, { store })
  await store.close()
  assert.equal(readFileSync(out, 'utf8'), '1\n2\n3\n')
})

test('a durability that does not exist is refused with a sentence, wherever it is given', async () => {
  const refused = { code: 'invalid', message: /durability is .*, not one of power, process, exit/ }
  for (const wrong of ['disk', 5, null, {}]) {
    const given = { durability: wrong } as never
    await assert.rejects(open({ path: join(folder, 'none'), ...(given as object) }), refused)
    const store = await open({ path: join(folder, 'wrong') })
    await assert.rejects(pipeline('a', async () => 1).run({}, { store, ...(given as object) }), refused)
    await assert.rejects(
      pipeline('b', async run => run.each('x', [1], n => n, { key: n => n, ...(given as object) })).run({}, { store }),
      refused,
    )
    await assert.rejects(
      pipeline('c', async run => run.stage('x', () => 1, { ...(given as object) })).run({}, { store }),
      refused,
    )
    await store.close()
  }
})
