import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, open } from 'waymark'
import { fromSources } from '../from-sources.ts'

const script = fileURLToPath(new URL('./fork-worker.ts', import.meta.url))

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-fork-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A process that is ready to begin. */
async function worker(t: TestContext, ...args: readonly string[]) {
  const child = spawn(process.execPath, [...fromSources, script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'ready')
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  return {
    child,
    ended,
    begin: () => child.stdin.end(),
    answer: async (): Promise<string> => String((await lines.next()).value),
  }
}

const calledBy = (folder: string, run: string): readonly string[] => {
  const file = join(folder, 'called')
  if (!existsSync(file)) return []
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return whole.filter(line => line.startsWith(`${run} `)).map(line => line.slice(run.length + 1))
}

test('X6 a fork and a deletion at the same moment, in two processes: a fork that is there has all it stands on', async t => {
  for (let round = 0; round < 3; round++) {
    const folder = temporaryFolder(t)
    const first = await worker(t, folder, 'run', 'first')
    first.begin()
    assert.equal(await first.answer(), '200')
    const [forking, deleting] = await Promise.all([
      worker(t, folder, 'fork', 'first', 'second'),
      worker(t, folder, 'delete', 'first'),
    ])
    // Now one begins a little sooner, now the other.
    if (round === 1) deleting.begin()
    else forking.begin()
    await pause(round * 3)
    forking.begin()
    deleting.begin()
    const [forked, deleted] = await Promise.all([forking.answer(), deleting.answer()])
    assert.ok(['second', 'not_found'].includes(forked), forked)
    assert.ok(['deleted', 'conflict'].includes(deleted), deleted)
    if (forked === 'not_found') assert.equal(deleted, 'deleted')
    if (forked === 'second') {
      const second = await worker(t, folder, 'run', 'second')
      second.begin()
      assert.equal(await second.answer(), '200')
      assert.ok(!calledBy(folder, 'second').includes('extract'))
    }
  }
})

test('X6 a fork of a run that goes on meanwhile; both killed in the middle of their output; each writes its own, every item once', async t => {
  const folder = temporaryFolder(t)
  const hold = join(folder, 'hold')
  writeFileSync(hold, '')
  const first = await worker(t, folder, 'run', 'first')
  first.begin()
  while (calledBy(folder, 'first').length < 40) await pause(5)
  await using store = await open(join(folder, '.waymark'))
  // Its process lives: what is recorded counts, in the middle of a pass too.
  const middle = await store.fork('first/enrich', { runId: 'middle' })
  assert.deepEqual([middle.stages, middle.live], [1, true])
  await store.fork('first/extract', { runId: 'second' })
  const second = await worker(t, folder, 'run', 'second')
  second.begin()
  while (calledBy(folder, 'second').length < 60) await pause(5)
  for (const { child } of [first, second]) child.kill('SIGKILL')
  await Promise.all([first.ended, second.ended])
  rmSync(hold)

  for (const run of ['second', 'first', 'middle']) {
    const again = await worker(t, folder, 'run', run)
    again.begin()
    // What the pass wrote before the fork is in the file of the other run.
    assert.equal(await again.answer(), run === 'middle' ? 'conflict' : '200')
  }
  for (const run of ['first', 'second']) {
    const written = readFileSync(join(folder, `${run}.jsonl`), 'utf8')
    const ns = written
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).n)
    assert.deepEqual(
      ns.sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, n) => n),
    )
  }
  assert.ok(!calledBy(folder, 'second').includes('extract'))
  assert.ok(!existsSync(join(folder, 'middle.jsonl')))
})

test('X6 a fork killed with -9 at any moment leaves a whole new run or none', async t => {
  const folder = temporaryFolder(t)
  const first = await worker(t, folder, 'run', 'first')
  first.begin()
  assert.equal(await first.answer(), '200')
  for (let round = 0; round < 4; round++) {
    const id = `f${round}`
    const forking = await worker(t, folder, 'fork', 'first', id)
    forking.begin()
    await pause(round * 12)
    forking.child.kill('SIGKILL')
    await forking.ended
    await using store = await open(join(folder, '.waymark'))
    const found = await store.run(id).catch(error => {
      assert.ok(isWaymarkError(error, 'not_found'))
    })
    // None: the id is free for another.
    if (found === undefined) await store.fork('first/extract', { runId: id })
    assert.deepEqual(
      (await store.stages(id)).map(({ path, state, inheritedFrom }) => [path, state, inheritedFrom]),
      [['extract', 'completed', 'first']],
    )
  }
})
