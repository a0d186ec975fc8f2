import type { Checkpoint } from '../engine/load-checkpoint.ts'
import { coreOf, type Store } from '../engine/store.ts'
import type { FileSystem } from '../files/file-system.ts'
import { PackReader } from '../format/pack-reader.ts'
import { parseParity } from '../format/parity.ts'
import { isWaymarkError } from '../model/errors.ts'
import { type BlobState, differenceOf, nextState, type SavedContent, stateContent } from './chunk-contents.ts'
import type { SaveAttempt } from './chunk-facts.ts'
import { type ChunkMachine, storePath } from './chunk-machine.ts'
import { BrokenChunkPromise, promised } from './chunk-promises.ts'
import type { SeededRandom } from './seeded-random.ts'

/**
 * Opens what a crash left and holds it against what was acknowledged; then saves once more, on top of the newest.
 *
 * @throws BrokenChunkPromise
 */
export async function judgeChunks(machine: ChunkMachine, random: SeededRandom): Promise<void> {
  const files = machine.disk.process('judge')
  const store = await promised('opens', 'open', () => machine.open())
  try {
    const found = await promised('kept', 'list', () => store.list({ limit: 1_000 }))
    checkNotices(store)
    checkOrder(found)
    const attempts = attemptsOf(found, machine)
    checkKept(found, machine)
    for (const [checkpoint, attempt] of attempts) await checkSame(store, checkpoint, attempt.content, random)
    await checkDeleted(store, machine)
    await checkFiles(files, machine)
    if (random.bool(0.4)) await checkPacks(coreOf(store).files)
    if (found.some(({ digest }) => digest.startsWith('chunks:'))) await checkRefused(files)
    const latest = await store.latest()
    if (latest?.id !== found[0]?.id) throw new BrokenChunkPromise('ordered', `${latest?.id} is the latest, not ${found[0]?.id}`)
    await goOn(
      machine,
      store,
      attempts.find(([{ digest }]) => digest.startsWith('chunks:')),
      random,
    )
    checkNotices(store)
  } finally {
    await store.close()
  }
}

function checkNotices(store: Store): void {
  const notices = store.notices()
  if (notices.length > 0) throw new BrokenChunkPromise('opens', `it reports: ${notices.join('; ')}`)
}

function checkOrder(found: readonly Checkpoint[]): void {
  for (const [i, { id, order }] of found.entries()) {
    const next = found[i + 1]
    if (next !== undefined && next.order > order) throw new BrokenChunkPromise('ordered', `${next.id} is listed after ${id}`)
  }
  if (new Set(found.map(({ id }) => id)).size !== found.length) throw new BrokenChunkPromise('attempted', 'an id is there twice')
}

/** Which save each checkpoint comes from. */
function attemptsOf(found: readonly Checkpoint[], { facts }: ChunkMachine): [Checkpoint, SaveAttempt][] {
  const seen = new Set<string>()
  return found.map(checkpoint => {
    const name = String(checkpoint.metadata['name'])
    const attempt = facts.get(name)
    if (attempt === undefined) throw new BrokenChunkPromise('attempted', `${checkpoint.id} (${name}) was not yet saved`)
    if (seen.has(name)) throw new BrokenChunkPromise('attempted', `${name} is there twice`)
    if (attempt.deleted !== undefined) throw new BrokenChunkPromise('gone', `${name} is listed`)
    seen.add(name)
    return [checkpoint, attempt]
  })
}

function checkKept(found: readonly Checkpoint[], { facts }: ChunkMachine): void {
  const ids = new Set(found.map(({ id }) => id))
  for (const { name, acknowledged, deleting } of facts.attempts) {
    if (acknowledged === undefined || deleting !== undefined || ids.has(acknowledged.id)) continue
    throw new BrokenChunkPromise('kept', `${name} is not listed`)
  }
}

async function checkSame(store: Store, { id }: Checkpoint, content: SavedContent, random: SeededRandom): Promise<void> {
  const difference = await promised('kept', `load of ${id}`, () => differenceOf(store, id, content, random))
  if (difference !== undefined) throw new BrokenChunkPromise('same', `${difference} is another, of ${id}`)
}

async function checkDeleted(store: Store, { facts }: ChunkMachine): Promise<void> {
  for (const { name, acknowledged, deleted } of facts.attempts) {
    if (acknowledged === undefined || deleted === undefined) continue
    const code = await store.load(acknowledged.id).then(
      () => 'it loads',
      error => (isWaymarkError(error) ? error.code : String(error)),
    )
    if (code !== 'not_found') throw new BrokenChunkPromise('gone', `${name}: ${code}`)
  }
}

/** Packs that were there at an acknowledgement are there, and so is their parity. */
async function checkFiles(files: FileSystem, { facts }: ChunkMachine): Promise<void> {
  const expected = new Set(facts.attempts.flatMap(({ acknowledged }) => acknowledged?.packs ?? []))
  if (expected.size === 0) return
  const found = new Set(await files.list(`${storePath}/packs`))
  for (const name of expected) if (!found.has(name)) throw new BrokenChunkPromise('kept', `${name} is missing`)
}

/** A reader finds all of a pack or nothing, acknowledged or not; and so it is with parity. */
async function checkPacks(files: FileSystem): Promise<void> {
  const folder = `${storePath}/packs`
  if (!(await files.exists(folder))) return
  for (const name of await files.list(folder)) {
    const id = name.slice(0, name.indexOf('.'))
    if (name.endsWith('.pack')) await promised('whole', name, () => readPack(files, `${folder}/${name}`, id))
    else if (name.endsWith('.par')) await promised('paired', name, () => readParity(files, `${folder}/${name}`, id))
  }
}

async function readPack(files: FileSystem, path: string, id: string): Promise<void> {
  const file = await files.open(path, 'read')
  const pack = await PackReader.open((offset, length) => file.read(offset, length), id, (await file.stat()).size)
  for (let frame = 0; frame < pack.frames.length; frame++) await pack.readFrame(frame)
  await file.close()
}

async function readParity(files: FileSystem, path: string, id: string): Promise<void> {
  const file = await files.open(path, 'read')
  parseParity(await file.read(0, (await file.stat()).size), id)
  await file.close()
}

async function checkRefused(files: FileSystem): Promise<void> {
  const file = await files.open(`${storePath}/waymark.json`, 'read')
  const text = Buffer.from(await file.read(0, 64 * 1024)).toString('utf8')
  await file.close()
  const descriptor: unknown = JSON.parse(text)
  const requires = typeof descriptor === 'object' && descriptor !== null && 'requires' in descriptor ? descriptor.requires : []
  if (!Array.isArray(requires) || !requires.includes('chunks')) {
    throw new BrokenChunkPromise('refused', `its descriptor requires ${JSON.stringify(requires)}`)
  }
}

async function goOn(
  machine: ChunkMachine,
  store: Store,
  newest: readonly [Checkpoint, SaveAttempt] | undefined,
  random: SeededRandom,
): Promise<void> {
  const content = newest === undefined ? stateContent(fallback) : editOf(newest[1].content, random)
  const { run, stage } = newest?.[0] ?? {}
  const labels = { ...(run === undefined ? {} : { run }), ...(stage === undefined ? {} : { stage }) }
  const saved = await promised('goesOn', 'save', () =>
    machine.save(store, `one more than ${machine.facts.attempts.length}`, content, labels),
  )
  const difference = await promised('goesOn', 'load', () => differenceOf(store, saved.id, content, random))
  if (difference !== undefined) throw new BrokenChunkPromise('goesOn', `${difference} is another`)
}

const fallback: BlobState = { step: 0, blob: new Uint8Array(5_000), notes: ['', '', '', ''] }

function editOf(content: SavedContent, random: SeededRandom): SavedContent {
  if (content.kind === 'rows') return { kind: 'rows', rows: [...content.rows, 'one more'] }
  if (content.kind === 'bytes') return { kind: 'bytes', bytes: Buffer.concat([content.bytes, random.bytes(100)]) }
  return isBlobState(content.value) ? stateContent(nextState(content.value, random)) : stateContent(fallback)
}

const isBlobState = (value: unknown): value is BlobState => typeof value === 'object' && value !== null && 'notes' in value
