/**
 * node --conditions=waymark-source scripts/make-golden-sealed-store.ts
 *
 * Makes test/format/golden/store-<format>-sealed and store-<format>-sealed.json: a small sealed store as this version writes it, the master keys that open it, and what is in it. Made once for each version of the format that
 * changes how a store is sealed, and opened by the tests for ever: one that exists is never written again.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, table } from 'waymark'
import { passphrase } from '../src/seal/passphrase.ts'
import { goldenSecretKey } from '../test/format/golden-sealed-key.ts'
import { goldenCheckpoints, goldenKeyed, numbers } from '../test/format/golden-store.ts'

const goldenFolder = join(import.meta.dirname, '../test/format/golden')
/** What is not the store: made anew, or of the process that made it. */
const leftOut = ['.gitignore', 'leases', 'requests', 'catalog.', 'chunks.sqlite']

const folder = mkdtempSync(join(tmpdir(), 'waymark-golden-'))
try {
  const path = join(folder, 'store')
  const key = goldenSecretKey('5a'.repeat(32))
  const plain = await open(path)
  await plain.save({ value: { name: 'from before' }, id: 'plain' })
  await plain.initKeys(key, { name: 'main' })
  await plain.close()
  const store = await open({ path, key, parity: true })
  await store.addKey(passphrase('golden passphrase'), { name: 'spare' })
  await store.save({ value: { name: 'inline', when: new Date(1_001) }, id: 'inline', tags: ['golden'], run: 'by-hand' })
  await store.update('inline', { metadata: { added: 1 }, description: 'said later' })
  await store.save({ bytes: Buffer.from(Float64Array.from(numbers(9_000)).buffer), id: 'packed', run: 'bytes' })
  const rows = numbers(300).map((n, id) => ({ id, ticker: `T${n % 7}`, price: n / 1_000 }))
  await store.save({ value: table(rows), run: 'tables', stage: 'prices' })
  await goldenKeyed(() => {}).run({}, { store, runId: 'golden-keyed' })
  await store.rotateKeys()
  await store.close()
  const later = await open({ path, key })
  const stop = new AbortController()
  const stopped = goldenKeyed(name => name === 'ü' && stop.abort())
  await stopped.run({}, { store: later, runId: 'golden-stopped', stopSignal: stop.signal }).catch(() => {})
  const checkpoints = await goldenCheckpoints(later)
  await later.close()
  const { format } = JSON.parse(readFileSync(join(path, 'waymark.json'), 'utf8'))
  const target = join(goldenFolder, `store-${format.major}.${format.minor}-sealed`)
  if (existsSync(target)) throw new Error(`${target} exists: a golden store is never changed`)
  cpSync(path, target, { recursive: true, filter: source => !leftOut.some(name => source.startsWith(join(path, name))) })
  writeFileSync(
    `${target}.json`,
    `${JSON.stringify({ secret: '5a'.repeat(32), passphrase: 'golden passphrase', checkpoints }, null, 1)}\n`,
  )
  console.log(`made ${target} with ${checkpoints.length} checkpoints`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
