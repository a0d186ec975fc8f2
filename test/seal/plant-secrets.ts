import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type OpenOptions, open, pipeline, type Store, table } from 'waymark'
import { fromSources } from '../from-sources.ts'
import { planted } from './planted-marks.ts'

/** Where secrets are planted that have to show in a plain store: what the search finds there it would find in a sealed one. */
export const plantedPlaces = [
  ...['value', 'inline', 'bytes', 'row', 'file', 'filename', 'column', 'cell', 'dictionary', 'long'],
  ...['param', 'metadata', 'tag', 'description', 'stage', 'key', 'run', 'id', 'pipeline', 'pin', 'pinreason'],
  ...['error', 'cause', 'failed', 'aside', 'asideerror', 'reason', 'fork', 'patch', 'killed', 'tracker'],
] as const

export interface Planting {
  readonly path: string
  /** For files that are saved. */
  readonly folder: string
  readonly open: Omit<OpenOptions, 'path'>
}

/** Everything a user can give a store to keep, with a secret in it; the store is left in the middle of a run that was killed. */
export async function plantSecrets({ path, folder, open: options }: Planting): Promise<void> {
  const store = await open({ path, parity: true, ...options })
  await plantCheckpoints(store, folder)
  await plantRuns(store)
  await store.close()
  const uncompressed = await open({ path, compression: { codec: 'none' }, ...options })
  const rows = Array.from({ length: 4_000 }, (_, i) => ({ i, [planted('column')]: `${planted('long')} ${i}` }))
  await uncompressed.save({ value: { rows, note: planted('value') } })
  await uncompressed.save({ value: table(rows.map(({ i }) => ({ i, [planted('column')]: planted('dictionary') }))) })
  await uncompressed.close()
}

async function plantCheckpoints(store: Store, folder: string): Promise<void> {
  const text = planted('inline')
  await store.save({ value: text, id: planted('id'), run: planted('run'), stage: planted('stage'), tags: [planted('tag')] })
  await store.update(planted('id'), { metadata: { note: planted('metadata') }, description: planted('description') })
  await store.pin(planted('id'), { name: planted('pin'), reason: planted('pinreason') })
  await store.patch(planted('id'), { set: { '': planted('patch') } }).catch(() => {})
  const patched = await store.save({ value: { a: 1, b: planted('inline') } })
  await store.patch(patched.id, { set: { a: planted('patch') } })
  const noise = Buffer.from(Float64Array.from({ length: 9_000 }, Math.random).buffer)
  await store.save({ bytes: Buffer.concat([noise, Buffer.from(planted('bytes'))]) })
  await store.save({ rows: [{ name: planted('row') }] })
  await store.save({ value: table([{ [planted('column')]: planted('cell') }]) })
  const files = join(folder, 'files')
  mkdirSync(files, { recursive: true })
  writeFileSync(join(files, planted('filename')), planted('file'))
  await store.save({ files })
}

async function plantRuns(store: Store): Promise<void> {
  const work = pipeline(planted('pipeline'), async (run, params: { readonly secret?: string; readonly fails?: boolean }) => {
    const made = await run.stage(planted('stage'), () => params.secret)
    await run.each(
      'items',
      [1, 2],
      n => {
        if (n === 2) throw Object.assign(new Error(planted('asideerror')), { payload: made })
      },
      { key: n => `${planted('key')}${n}`, tolerate: { count: 5 } },
    )
    await run.each(
      'payloads',
      [{ note: planted('aside'), n: 1 }],
      () => {
        throw new Error('not today')
      },
      { key: ({ n }) => n, tolerate: { count: 5 } },
    )
    if (params.fails) throw new Error(planted('error'), { cause: new Error(planted('cause')) })
    return planted('value')
  })
  await work.run({ secret: planted('param') }, { store, runId: planted('run') })
  await work.run({ fails: true }, { store, runId: planted('failed') }).catch(() => {})
  await store.fork(planted('run'), { runId: planted('fork') })
  await store.track({ run: 'tracked', stage: planted('tracker'), description: planted('description'), total: 1 }, tracker => {
    tracker.done(0)
  })
  await plantRequest(store)
}

/** Asked while the run works and somebody watches it: both are files in the folder of requests while it goes on. */
async function plantRequest(store: Store): Promise<void> {
  const run = planted('asked')
  let told = false
  let asked = false
  const paused = pipeline('asked', async ({ stage }) => {
    for (let n = 0; n < 1_000; n++)
      await stage(`${planted('stage')}${n}`, async () => {
        told ||= (await store.live(run)) !== undefined
        if (told && !asked) await store.pause(run, { reason: planted('reason'), wait: false })
        asked ||= told
        await pause(20)
      })
  })
  await assert.rejects(paused.run({}, { store, runId: run }), { code: 'paused' })
}

/** Kills a process in the middle of an item; its lease, and what it did not remove, stay. */
export function killInTheMiddle(path: string, env: Readonly<Record<string, string>>): void {
  const worker = join(import.meta.dirname, 'killed-worker.ts')
  const args = [...fromSources, worker, path]
  assert.throws(() => execFileSync(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'pipe' }), {
    signal: 'SIGKILL',
  })
}

/** Damages every pack and a segment, and has the store repaired: what is set aside and what is made are files too. */
export async function damageAndRepair(path: string, options: Omit<OpenOptions, 'path'>): Promise<void> {
  for (const name of readdirSync(join(path, 'packs')).filter(name => name.endsWith('.pack'))) {
    const pack = join(path, 'packs', name)
    const bytes = readFileSync(pack)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    rmSync(pack)
    writeFileSync(pack, bytes)
  }
  const segments = readdirSync(join(path, 'segments')).sort()
  const segment = join(path, 'segments', segments[0] ?? assert.fail('no segment'))
  const records = readFileSync(segment)
  const middle = records.length >> 1
  records[middle] = (records[middle] ?? 0) ^ 1
  writeFileSync(segment, records)
  const store = await open({ path, ...options })
  const { actions } = await store.repair({})
  await store.close()
  assert.ok(actions.length > 0)
  assert.ok(readdirSync(join(path, 'aside'), { recursive: true }).some(name => String(name).endsWith('.pack')))
}
