import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyFile, type MasterKey, open, pipeline } from 'waymark'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { fromSources } from '../../from-sources.ts'

const worker = fileURLToPath(new URL('rekey-worker.ts', import.meta.url))
/** Also at moments when it should be over. */
const longestMs = 250

/**
 * Kills real processes with SIGKILL while they seal a store anew, that was plain in part, and looks after each kill: everything is there, and in the end a rekey completes. Resolves with one line that says what was done.
 */
export async function killedRekeys(kills: number, seed: number): Promise<string> {
  const random = seededRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'waymark-killed-rekey-'))
  try {
    const keyPath = join(folder, 'key')
    await writeFile(keyPath, 'cd01'.repeat(16), { mode: 0o600 })
    const key = keyFile(keyPath)
    const values = await plainAndSealed(join(folder, 'first'), key, seed)
    let unfinished = 0
    for (let done = 0; done < kills; ) {
      const path = join(folder, 'store')
      await cp(join(folder, 'first'), path, { recursive: true })
      // Some are killed again and again before one may end.
      for (let again = 1 + random.integer(3); again > 0 && done < kills; again--, done++) {
        const delayMs = random.integer(longestMs)
        if (!(await killAfter(path, keyPath, delayMs))) unfinished++
        await assertAllThere(path, key, values, `seed ${seed}, kill ${done} after ${delayMs} ms`)
      }
      const store = await open({ path, key })
      const { complete, left } = await store.rekey()
      assert.deepEqual([complete, left], [true, []], `seed ${seed}, kill ${done}`)
      assert.equal((await store.verify({ full: true })).ok, true)
      await store.close()
      await rm(path, { recursive: true })
    }
    return `${kills} kill -9 of a rekey (${unfinished} before its end): everything was there each time, and it went on to its end`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function plainAndSealed(path: string, key: MasterKey, seed: number): Promise<ReadonlyMap<string, unknown>> {
  const values = new Map<string, unknown>()
  const noise = (n: number): Buffer => Buffer.from(seededRandom(seed + n).bytes(200_000 * n))
  const work = pipeline('p', async run => run.each('s', [...Array(30).keys()], async item => item, { key: String }))
  const plain = await open({ path, parity: true })
  for (const n of [1, 4, 8]) values.set((await plain.save({ value: noise(n), id: `plain-${n}` })).id, noise(n))
  await work.run({}, { store: plain, runId: 'plain-run' })
  await plain.initKeys(key)
  await plain.close()
  for (const n of [2, 5]) {
    const store = await open({ path, key })
    values.set((await store.save({ value: noise(n), id: `sealed-${n}` })).id, noise(n))
    await work.run({}, { store, runId: `sealed-run-${n}` })
    await store.close()
  }
  return values
}

/** True if it came to its end before the moment did. */
function killAfter(path: string, keyPath: string, delayMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [...fromSources, worker, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WAYMARK_KEY: `file:${keyPath}` },
  })
  return new Promise((resolve, reject) => {
    let told = ''
    child.once('error', reject)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (told === '') setTimeout(() => child.kill('SIGKILL'), delayMs)
      told += text
    })
    child.once('close', () => (told.startsWith('begins') ? resolve(told.includes('true')) : reject(new Error(`it said ${told}`))))
  })
}

async function assertAllThere(path: string, key: MasterKey, values: ReadonlyMap<string, unknown>, label: string): Promise<void> {
  const store = await open({ path, key })
  try {
    for (const [id, value] of values) assert.deepEqual((await store.load(id)).value, value, `${label}: ${id}`)
    for (const run of ['plain-run', 'sealed-run-2', 'sealed-run-5'])
      assert.equal((await store.run(run)).state, 'completed', label)
    const { ok, problems } = await store.verify()
    assert.deepEqual([ok, problems], [true, []], label)
  } finally {
    await store.close()
  }
}
