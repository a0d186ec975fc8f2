import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keyFile } from '../../src/seal/key-file.ts'
import { damageAndRepair, killInTheMiddle, plantedPlaces, plantSecrets } from './plant-secrets.ts'
import { filesIn, findPlanted, formsOf, plantedMark } from './planted-marks.ts'

async function plantedStore(t: TestContext, isSealed: boolean): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-planted-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  const key = join(folder, 'key')
  writeFileSync(key, randomBytes(32).toString('hex'), { mode: 0o600 })
  const options = isSealed ? { key: keyFile(key) } : {}
  await plantSecrets({ path, folder, open: options })
  killInTheMiddle(path, { WAYMARK_KEY: isSealed ? `file:${key}` : '' })
  return path
}

test('the search knows every form it looks for, also inside other text', () => {
  for (const before of ['', '.', '..', '...'])
    for (const encoding of ['utf8', 'utf16le', 'hex', 'base64'] as const) {
      const text = encoding === 'hex' || encoding === 'base64' ? Buffer.from(`${before}${plantedMark}...`).toString(encoding) : ''
      const bytes = text === '' ? Buffer.from(`${before}${plantedMark}...`, encoding) : Buffer.from(text)
      assert.ok(
        [...formsOf(plantedMark).values()].some(form => bytes.includes(form)),
        `${encoding} after ${before.length}`,
      )
    }
})

test('E6 a plain store shows every secret that is planted in it to this search, so that its silence about a sealed one says something', async t => {
  const shown = new Set(findPlanted(await plantedStore(t, false)).map(({ where }) => where))
  assert.deepEqual(
    plantedPlaces.filter(place => !shown.has(place)),
    [],
  )
})

const id = '[0-9a-hjkmnp-tv-z]{26}'
/** All that is in the folder of a sealed store, by its name. */
const shownNames = [
  /^\.gitignore$/,
  /^waymark\.json$/,
  /^keys\/ring\.[1-9][0-9]*\.json$/,
  /^catalog\.sealed$/,
  new RegExp(`^catalog\\.sealed\\.${id}\\.tmp$`),
  /^chunks\.sqlite(-wal|-shm)?$/,
  new RegExp(`^packs/${id}\\.(pack|par)$`),
  new RegExp(`^segments/${id}\\.seg$`),
  new RegExp(`^claims/[0-9a-f]{2}/${id}\\.[1-9][0-9]*$`),
  /^leases\/[0-9a-hjkmnp-tv-z]{16}(\.tmp)?$/,
  new RegExp(`^requests/${id}\\.[1-9][0-9]*\\.(pause|pause-now|cancel|watch|live)(\\.seen)?$`),
  /^aside\/[0-9a-hjkmnp-tv-z]{12}\/(repair\.json|chunks\.sqlite|(made|undone)\/|packs\/|segments\/|claims\/)/,
]

test('E6 nothing that is planted in a sealed store shows in the bytes or names of its files, after a kill and a repair too', async t => {
  const path = await plantedStore(t, true)
  assert.deepEqual(findPlanted(path), [])
  const others = [...filesIn(path).keys()].filter(name => !shownNames.some(pattern => pattern.test(name)))
  assert.deepEqual(others, [])
  await damageAndRepair(path, { key: keyFile(join(path, '../key')) })
  assert.deepEqual(findPlanted(path), [])
  assert.deepEqual(
    [...filesIn(path).keys()].filter(name => !shownNames.some(pattern => pattern.test(name))),
    [],
  )
})
