import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, jsonl, open, pipeline, type Store } from 'waymark'
import { jsonLines, WaymarkProject } from '../cli/waymark-project.ts'
import { SmallDisk } from './small-disk.ts'

const itemCount = 240
const everyItem = Array.from({ length: itemCount }, (_, i) => i)

/** Its results fill a disk of 1 MiB: those in the store, or the lines of the output. Notes every call. */
const filling = `
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { jsonl, pipeline } from 'waymark'
const note = (text: string) => appendFileSync(import.meta.dirname + '/calls.txt', text + '\\n')

export default pipeline('filling', async (run, params) => {
  const numbers = run.stage('numbers', () => {
    note('numbers')
    return Array.from({ length: ${itemCount} }, (_, n) => n)
  })
  // Compression makes it hardly shorter.
  const text = () => randomBytes(6_000).toString('base64')
  const kept = await run.each('kept', numbers, n => {
    note('kept ' + n)
    return { n, text: params.kept === 'large' ? text() : '' }
  }, { save: { items: 10 } })
  const written = await run.each('written', numbers, async n => {
    note('written ' + n)
    return { n, text: params.written === 'large' ? text() : '' }
  }, { output: jsonl(String(params.out)), concurrency: 4, save: { items: 10 } })
  return { kept: (await kept.results().toArray()).map(item => item.n), written: written.done }
})
`

/** Runs until the disk is full, gives it room, and runs the same command again; `where` is on the small disk. */
async function fillsUp(t: TestContext, where: 'store' | 'output', json: boolean): Promise<void> {
  const disk = SmallDisk.mount(t, '1m')
  if (disk === undefined) return
  const project = await WaymarkProject.create(t, { 'filling.ts': filling })
  const store = join(where === 'store' ? disk.path : project.path, 'store')
  const out = join(where === 'output' ? disk.path : project.path, 'out.jsonl')
  const sizes = where === 'store' ? ['--kept', 'large'] : ['--written', 'large']
  const command = ['run', 'filling.ts', '--store', store, '--out', out, ...sizes, ...(json ? ['--json'] : [])]

  const first = await project.waymark(...command)
  assert.equal(first.code, 3, first.stderr)
  if (json) {
    const lines = jsonLines(first.stdout)
    const { type, code, error } = lines.at(-1) ?? {}
    assert.deepEqual([type, code], ['exit', 3])
    assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'remedy' in error)
    assert.equal(error.code, 'disk_full')
    assert.match(String(error.remedy), /[Ff]ree/)
  } else {
    assert.match(first.stderr, /error disk_full/)
    assert.match(first.stderr, /[Ff]ree some space/)
  }
  const callsBefore = await project.lines('calls.txt')

  // Full is not broken: it can be looked at, and once more nothing is lost.
  const shown = await project.waymark('ls', '--store', store)
  assert.equal(shown.code, 0, shown.stderr)
  const again = await project.waymark(...command)
  assert.equal(again.code, 3, again.stderr)

  disk.enlarge('8m')
  const recorded = await recordedItems(store)
  await project.write('calls.txt', '')
  const last = await project.waymark(...command)
  assert.equal(last.code, 0, last.stderr)
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    lines.map(line => JSON.parse(line).n).sort((a, b) => a - b),
    everyItem,
  )
  const calls = await project.lines('calls.txt')
  assert.ok(callsBefore.includes('numbers') && !calls.includes('numbers'), 'a finished stage is called again')
  for (const stage of ['kept', 'written']) {
    const called = calls.filter(call => call.startsWith(`${stage} `))
    assert.equal(
      called.length,
      itemCount - (recorded.get(stage) ?? 0),
      `other items of ${stage} are called than those not recorded`,
    )
  }
  assert.ok((recorded.get(where === 'store' ? 'kept' : 'written') ?? 0) > 0, 'nothing was recorded before the disk was full')
  const { data } = await project.json('show', '@last', '--store', store)
  assert.match(JSON.stringify(data), /"completed"/)
}

async function recordedItems(path: string): Promise<ReadonlyMap<string, number>> {
  const store = await open({ path, create: false })
  try {
    const { id } = await store.run('@last')
    const stages = await store.stages(id)
    return new Map(stages.map(stage => [stage.path, stage.counts?.done ?? 0]))
  } finally {
    await store.close()
  }
}

test('a disk that is full under the store ends the command with disk_full and 3, in JSON too; with room it goes on, once', t =>
  fillsUp(t, 'store', true))

test('a disk that is full under the output ends the command with disk_full and 3; with room it goes on, once', t =>
  fillsUp(t, 'output', false))

test('saves on a full disk are refused, those before are intact, and with room the next one succeeds', async t => {
  const disk = SmallDisk.mount(t, '1m')
  if (disk === undefined) return
  const store = await open(join(disk.path, 'store'))
  const saved = new Map<string, string>()
  const save = async (text: string) => {
    const { id } = await store.save({ value: text, run: 'filling' })
    saved.set(id, text)
  }
  let refused: unknown
  for (let i = 0; refused === undefined; i++)
    await save(`${i} `.repeat(i % 2 === 0 ? 5_000 : 40_000)).catch(error => {
      refused = error
    })
  assert.ok(isWaymarkError(refused, 'disk_full'), String(refused))
  assert.ok(saved.size > 2)
  await assert.rejects(store.save({ value: 'x'.repeat(200_000), id: 'own' }), { code: 'disk_full' })
  await checkSaved(store, saved)
  disk.enlarge('4m')
  await save('there is room again')
  assert.equal((await store.save({ value: 'x'.repeat(200_000), id: 'own' })).id, 'own')
  await checkSaved(store, saved)
  await store.close()
  const again = await open({ path: join(disk.path, 'store'), create: false })
  await checkSaved(again, saved)
  await again.close()
})

async function checkSaved(store: Store, saved: ReadonlyMap<string, string>): Promise<void> {
  for (const [id, text] of saved) assert.equal((await store.load(id)).value, text)
  const listed = await store.list({ run: 'filling', limit: 1_000 })
  for (const id of saved.keys())
    assert.ok(
      listed.some(checkpoint => checkpoint.id === id),
      `${id} is not listed`,
    )
  const notices = store.notices().filter(notice => !/cannot be written/.test(notice))
  assert.deepEqual(notices, [])
}

/** The disk runs out wherever this many KiB take it. */
const roomsKiB = [0, 4, 8, 16, 32, 48, 64, 96, 128, 160, 200, 256, 320, 400]

test('wherever in a run the disk gets full, in-process: disk_full, and with room the same run goes on to the end, once', async t => {
  const disk = SmallDisk.mount(t, '2m')
  if (disk === undefined) return
  const elsewhere = mkdtempSync(join(tmpdir(), 'waymark-elsewhere-'))
  t.after(() => rmSync(elsewhere, { recursive: true }))
  let refusals = 0
  for (const where of ['both', 'store', 'output'] as const) {
    for (const room of roomsKiB) {
      const storePath = join(where === 'output' ? elsewhere : disk.path, `store-${where}-${room}`)
      const folder = join(where === 'store' ? elsewhere : disk.path, `out-${where}-${room}`)
      mkdirSync(folder)
      const out = join(folder, 'items.jsonl')
      disk.fill(room * 1_024)
      const { finished, isFull } = await runsInto(storePath, out)
      disk.free()
      if (isFull) refusals++
      const store = await open(storePath)
      const called: string[] = []
      if (isFull) await spread(out, called).run({}, { store })
      for (const stage of finished) assert.ok(!called.includes(stage), `${stage} is called again: ${where} with ${room} KiB`)
      assert.deepEqual(
        (await store.runs()).map(run => run.state),
        ['completed'],
      )
      assert.deepEqual(store.notices(), [])
      await store.close()
      const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
      assert.deepEqual(
        lines.map(line => JSON.parse(line).n).sort((a, b) => a - b),
        everyItem,
        `${where} with ${room} KiB`,
      )
      for (const path of [storePath, folder]) rmSync(path, { recursive: true })
    }
  }
  assert.ok(refusals > roomsKiB.length, `only ${refusals} of the runs found the disk full`)
})

/** Works until the disk is full, if it gets full; says which stages finished. */
async function runsInto(
  storePath: string,
  out: string,
): Promise<{ readonly finished: readonly string[]; readonly isFull: boolean }> {
  const finished: string[] = []
  try {
    const store = await open(storePath)
    try {
      const onEvent = (event: { readonly type: string; readonly stage?: string }) => {
        if (event.type === 'stage.completed') finished.push(event.stage ?? '')
      }
      await spread(out, []).run({}, { store, onEvent })
    } finally {
      await store.close()
    }
    return { finished, isFull: false }
  } catch (error) {
    assert.ok(isWaymarkError(error, 'disk_full'), String(error instanceof Error ? error.stack : error))
    return { finished, isFull: true }
  }
}

/** Inline results, a pack, results in the store, and an output. */
function spread(out: string, called: string[]) {
  return pipeline('spread', async run => {
    const numbers = run.stage('numbers', () => {
      called.push('numbers')
      return everyItem
    })
    const large = run.stage('large', () => {
      called.push('large')
      return 'x'.repeat(70_000)
    })
    const note = <T>(stage: string, value: T): T => {
      called.push(stage)
      return value
    }
    const kept = run.each('kept', numbers, n => note('kept', 'y'.repeat(n)), { save: { items: 40 } })
    const line = (n: number) => note('written', { n, text: 'z'.repeat(500) })
    const written = run.each('written', numbers, line, { output: jsonl(out), save: { items: 40 } })
    await large
    return { kept: (await kept).done, written: (await written).done }
  })
}
