import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { jsonl, open, pipeline, type RunEvent } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'waymark-durability-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const program = join(import.meta.dirname, 'fixtures/killed-run.ts')

/** Runs the fixture until it is killed, by itself; gives what it said was done by then. */
async function killed(store: string, durability: string): Promise<{ readonly atRisk: number; readonly done: number }> {
  const child = spawn(process.execPath, ['--conditions=waymark-source', program, store, durability], { stdio: ['ignore', 'pipe', 'inherit'] })
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

describe('a kill -9 (B16)', () => {
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

test('`process` makes fewer syncs than `power`, and the end of a run is on the disk in both', async () => {
  const ends = []
  for (const durability of ['power', 'process', 'exit'] as const) {
    const path = join(folder, `ends-${durability}`)
    const store = await open({ path, durability })
    const outcome = await pipeline('many', async run => {
      for (let i = 0; i < 20; i++) await run.stage('step', () => i, { key: i })
    }).run({}, { store })
    // The segment is not closed: what proves its records is that somebody waited for the disk.
    const again = await pipeline('many', async () => assert.fail('called again')).run({}, { store, runId: outcome.run })
    ends.push(again.state)
    await store.close()
  }
  assert.deepEqual(ends, ['completed', 'completed', 'completed'])
})

test('each stage can ask for its own durability, and a progress event says what holds and how often it is saved', async () => {
  const events: RunEvent[] = []
  const store = await open({ path: join(folder, 'own'), durability: 'process' })
  await pipeline('own', async run => {
    await run.stage('safe', () => 1, { durability: 'power' })
    await run.each('exit', [1, 2, 3], async n => n, { key: n => n, durability: 'exit' })
    const wait = () => new Promise(resolve => setTimeout(resolve, 30))
    await run.each('timed', Array.from({ length: 10 }, (_, i) => i), wait, { key: n => n, save: { items: 2 } })
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

test('an output that publishes what is recorded is recorded as `power` whatever was asked for; a file of lines is cut back', async () => {
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
    await assert.rejects(pipeline('c', async run => run.stage('x', () => 1, { ...(given as object) })).run({}, { store }), refused)
    await store.close()
  }
})
