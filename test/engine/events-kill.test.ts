import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, type PipelineEvent } from 'waymark'
import { fromSources } from '../from-sources.ts'

const script = fileURLToPath(new URL('./fixtures/event-writer.ts', import.meta.url))

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-events-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a writer; resolves with what it said was durable, when it is killed after so many events or has ended. */
async function write(t: TestContext, folder: string, run: string, how: { readonly killAfter?: number; readonly most?: number }) {
  const child = spawn(process.execPath, [...fromSources, script, folder, run, String(how.most ?? 1_000_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const durable: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') continue
    durable.push(line)
    if (durable.length === how.killAfter) child.kill('SIGKILL')
  }
  return durable
}

const named = ({ metadata }: PipelineEvent): string => `${metadata['attempt']} ${metadata['worker']} ${metadata['n']}`

test('A7 a writer killed with -9 in the middle, and gone on with and killed again: every event that was acknowledged is there, none twice', async t => {
  const folder = temporaryFolder(t)
  const durable = await write(t, folder, 'killed', { killAfter: 150 })
  durable.push(...(await write(t, folder, 'killed', { killAfter: 150 })))
  assert.ok(durable.some(line => line.startsWith('2 ')))
  await using store = await open(join(folder, '.waymark'))
  const there: string[] = []
  for await (const event of store.eachEvent({ type: 'written', run: 'killed' })) there.push(named(event))
  const kept = new Set(there)
  assert.equal(kept.size, there.length)
  assert.deepEqual(
    durable.filter(line => !kept.has(line)),
    [],
  )
  // What was written and not yet acknowledged may be there too: of each worker the next ones in order.
  for (const line of there) {
    const [attempt, worker, n] = line.split(' ').map(Number)
    assert.ok(n === 0 || kept.has(`${attempt} ${worker} ${(n ?? 0) - 1}`), `${line} without the one before`)
  }
  const starts = (await store.events({ run: 'killed', type: ['pipeline_start', 'pipeline_resume', 'pipeline_complete'] })).events
  assert.deepEqual(
    starts.map(({ type, attempt }) => [type, attempt]),
    [
      ['pipeline_start', 1],
      ['pipeline_resume', 2],
    ],
  )
})

test('A9 A11 while two processes write, pages have every event that was there when the first was asked for, each once; a follower gets all of both', async t => {
  const folder = temporaryFolder(t)
  await using store = await open(join(folder, '.waymark'))
  const stop = new AbortController()
  const followed: string[] = []
  const follow = async () => {
    for await (const event of store.eachEvent({ type: 'written', follow: true, signal: stop.signal })) {
      followed.push(`${event.run} ${named(event)}`)
      if (followed.length === 2 * 4 * 60) stop.abort()
    }
  }
  const following = assert.rejects(follow(), { code: 'cancelled' })
  const writers = Promise.all([write(t, folder, 'one', { most: 60 }), write(t, folder, 'two', { most: 60 })])
  let ended = false
  void writers.finally(() => {
    ended = true
  })
  let looks = 0
  while (!ended || looks === 0) {
    looks++
    const before: string[] = []
    for await (const event of store.eachEvent({ type: 'written' })) before.push(`${event.run} ${named(event)}`)
    for (const newestFirst of [false, true]) {
      const paged: string[] = []
      let after: string | undefined
      do {
        const page = await store.events({ type: 'written', newestFirst, limit: 23, ...(after === undefined ? {} : { after }) })
        paged.push(...page.events.map(event => `${event.run} ${named(event)}`))
        after = page.next
      } while (after !== undefined)
      assert.equal(new Set(paged).size, paged.length, 'an event on two pages')
      const onPages = new Set(paged)
      assert.deepEqual(
        before.filter(name => !onPages.has(name)),
        [],
      )
    }
  }
  const durable = (await writers).flatMap((lines, at) => lines.map(line => `${at === 0 ? 'one' : 'two'} ${line}`))
  await following
  assert.deepEqual(followed.toSorted(), durable.toSorted())
})
