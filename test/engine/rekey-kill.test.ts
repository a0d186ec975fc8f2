import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keyFile, open } from 'waymark'
import { fromSources } from '../from-sources.ts'
import { killedRekeys } from './trial/killed-rekeys.ts'

test('E6 X1 killed at any moment of a rekey, the store has everything, and the next rekey goes on to the end', async () => {
  await killedRekeys(8, 1)
})

test('E6 X2 saves of another process go on while the store is sealed anew again and again: each that was acknowledged is there', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-rekey-saves-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  const keyPath = join(folder, 'key')
  await writeFile(keyPath, 'ef01'.repeat(16), { mode: 0o600 })
  const store = await open({ path, key: keyFile(keyPath) })
  const worker = fileURLToPath(new URL('trial/saving-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [...fromSources, worker, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WAYMARK_KEY: `file:${keyPath}` },
  })
  let told = ''
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const hasSaved = (more: number): Promise<void> => {
    const lines = told.split('\n').length + more
    return new Promise((resolve, reject) => {
      child.once('close', () => reject(new Error(`it ended: ${told.slice(-200)}`)))
      const look = (): void => void (told.split('\n').length > lines ? resolve() : setTimeout(look, 5))
      look()
    })
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  for (let round = 0; round < 6; round++) {
    await hasSaved(10)
    const { complete, left } = await store.rekey()
    assert.deepEqual([complete, left], [true, []])
  }
  await hasSaved(10)
  child.kill('SIGKILL')
  await ended
  const lines = told.slice(0, told.lastIndexOf('\n')).split('\n')
  assert.ok(lines.length > 60)
  assert.equal(told.includes('refused'), false)
  const again = await open({ path, key: keyFile(keyPath) })
  // What the killed process left unclosed is sealed anew like the rest.
  assert.equal((await again.rekey()).complete, true)
  for (const line of lines) {
    const [id = '', number] = line.split(' ')
    assert.equal((await again.load(id)).value, Number(number))
  }
  // The last one may have been recorded and not told.
  assert.ok([0, 1].includes((await again.summary()).checkpoints - lines.length))
  assert.equal((await again.verify({ full: true })).ok, true)
  await again.close()
  await store.close()
})
