import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { blobState, nextState, recordState, type SavedContent, stateContent } from './chunk-contents.ts'
import { type ChunkMachine, storePath } from './chunk-machine.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Something done to a store, during which the power is cut. */
export interface ChunkScenario {
  readonly name: string
  /** Packs are written with parity. */
  readonly parity?: true
  /** What is there before. */
  readonly prepare?: (machine: ChunkMachine, random: SeededRandom) => Promise<void>
  readonly work: (machine: ChunkMachine, random: SeededRandom) => Promise<void>
}

/** Just over what rides in a log record. */
const fileBytes = 66 * 1024
/** More than one frame: the pack is begun before the save knows its end. */
const framesBytes = 300 * 1024

const labels = { run: 'import', stage: 'state' }

/** A checkpoint with a pack of its own and one in its log record. */
async function twoStates(machine: ChunkMachine, random: SeededRandom): Promise<void> {
  const store = await machine.open()
  await machine.save(store, 'file', stateContent(blobState(random, fileBytes)), labels)
  await machine.save(store, 'record', stateContent(recordState(random)), { run: 'small' })
  await store.close()
}

/** The state saved under this name, with a few bytes changed or so many fresh ones. */
function editOf(machine: ChunkMachine, name: string, random: SeededRandom, fresh?: number): SavedContent {
  const content = machine.facts.get(name)?.content
  if (content?.kind !== 'value') throw new Error(`${name} is no value`)
  return stateContent(nextState(content.value as ReturnType<typeof blobState>, random, fresh))
}

/** A small save takes about as many ticks of the queue of microtasks. */
const mostTicks = 300

export const chunkScenarios: readonly ChunkScenario[] = [
  { name: 'first save', work: twoStates },
  {
    name: 'deduplicated and delta saves',
    prepare: twoStates,
    async work(machine, random) {
      const store = await machine.open()
      const same = machine.facts.get('file')?.content ?? editOf(machine, 'file', random)
      const again = await machine.save(store, 'same', same, labels)
      await machine.save(store, 'same elsewhere', same, { run: 'other' })
      const onFile = await machine.save(store, 'delta on a file', editOf(machine, 'file', random), labels)
      const onRecord = await machine.save(store, 'delta on a record', editOf(machine, 'record', random), { run: 'small' })
      for (const saved of [again, onFile, onRecord]) {
        if (saved.storedBytes > 2_000) throw new Error(`${saved.storedBytes} bytes are stored where a delta was to be`)
      }
      await machine.save(store, 'delta on both', editOf(machine, 'delta on a record', random, 3_000), { run: 'small' })
      await store.close()
    },
  },
  {
    name: 'concurrent saves',
    prepare: twoStates,
    async work(machine, random) {
      const saver = async (who: string): Promise<void> => {
        const store = await machine.open()
        const saves = Array.from({ length: 4 }, async (_, n) => {
          // Begun one after another, each while the one before is on its way to the disk.
          for (let turns = n * 4; turns > 0; turns--) await turn()
          await machine.save(store, `${who} ${n}`, editOf(machine, 'record', random), { run: 'small' })
        })
        await Promise.all(saves)
        await machine.save(store, `${who} last`, editOf(machine, `${who} 1`, random), { run: 'small' })
        await machine.save(store, `${who} large`, editOf(machine, 'file', random), labels)
        await store.close()
      }
      await Promise.all([saver('one'), saver('two')])
    },
  },
  {
    name: 'a save begun at any moment of another',
    prepare: twoStates,
    async work(machine, random) {
      const store = await machine.open()
      for (const moment of Array.from({ length: 6 }, () => random.integer(mostTicks))) {
        const first = machine.save(store, `first, ${moment}`, editOf(machine, 'record', random), { run: 'small' })
        for (let ticks = moment; ticks > 0; ticks--) await Promise.resolve()
        await machine.save(store, `second, ${moment}`, editOf(machine, 'record', random), { run: 'small' })
        await first
      }
      await store.close()
    },
  },
  {
    name: 'delete and full save',
    prepare: twoStates,
    async work(machine, random) {
      const store = await machine.open()
      await machine.save(store, 'edit', editOf(machine, 'file', random), labels)
      await machine.delete(store, 'file')
      await machine.save(store, 'chosen', editOf(machine, 'edit', random), { ...labels, id: 'chosen' })
      await machine.save(store, 'full', editOf(machine, 'chosen', random), { ...labels, full: true })
      await machine.delete(store, 'edit')
      await machine.save(store, 'small and full', editOf(machine, 'record', random), { run: 'small', full: true })
      await machine.delete(store, 'record')
      await store.close()
    },
  },
  {
    name: 'bytes and rows',
    async work(machine, random) {
      const store = await machine.open()
      const bytes = random.bytes(framesBytes)
      const rows = Array.from({ length: 60 }, (_, id) => ({ id, text: Buffer.from(random.bytes(60)).toString('hex') }))
      await machine.save(store, 'bytes', { kind: 'bytes', bytes }, { stage: 'bytes' })
      await machine.save(store, 'rows', { kind: 'rows', rows }, { stage: 'rows' })
      const longer = Buffer.concat([bytes.subarray(0, 100_000), random.bytes(500), bytes.subarray(100_000)])
      await machine.save(store, 'longer', { kind: 'bytes', bytes: longer }, { stage: 'bytes' })
      await machine.save(store, 'more rows', { kind: 'rows', rows: [...rows, { id: 60, text: 'last' }] }, { stage: 'rows' })
      await store.close()
    },
  },
  {
    name: 'first chunks in a store of format 1.0',
    async prepare(machine) {
      const store = await machine.open()
      await machine.save(store, 'old', { kind: 'value', value: { small: true }, paths: ['small'] }, labels)
      await store.close()
      await makeOld(machine)
    },
    async work(machine, random) {
      const saver = async (who: string, blobBytes: number): Promise<void> => {
        const store = await machine.open()
        await machine.save(store, `${who} 1`, stateContent(blobState(random, blobBytes)), labels)
        await machine.save(store, `${who} 2`, editOf(machine, `${who} 1`, random), labels)
        await store.close()
      }
      await Promise.all([saver('one', 6_000), saver('two', fileBytes)])
    },
  },
  {
    name: 'saved with parity',
    parity: true,
    prepare: twoStates,
    async work(machine, random) {
      const store = await machine.open()
      await machine.save(store, 'full', editOf(machine, 'file', random), { ...labels, full: true })
      await machine.save(store, 'edit', editOf(machine, 'full', random), labels)
      await machine.save(store, 'bytes', { kind: 'bytes', bytes: random.bytes(framesBytes) }, { stage: 'bytes' })
      const pairs = (await machine.disk.process('look').list(`${storePath}/packs`)).filter(name => name.endsWith('.par'))
      if (pairs.length < 2) throw new Error('packs were to be written with parity')
      await store.close()
    },
  },
  {
    name: 'reopened again and again',
    prepare: twoStates,
    async work(machine, random) {
      let before = 'file'
      for (const name of ['second', 'third', 'fourth']) {
        const store = await machine.open()
        await machine.save(store, name, editOf(machine, before, random), labels)
        if (name === 'third') await machine.delete(store, before)
        before = name
        // As killed in between: without the mark that the segment is closed.
        if (name !== 'second') await store.close()
      }
    },
  },
]

/** Gives the store the descriptor that the version before wrote. */
export async function makeOld({ disk }: ChunkMachine): Promise<void> {
  const files = disk.process('old version')
  const path = `${storePath}/waymark.json`
  const file = await files.open(path, 'write')
  const { checksum: _checksum, ...now }: Record<string, unknown> = JSON.parse(Buffer.from(await file.read(0, 4_096)).toString())
  const body = { ...now, format: { major: 1, minor: 0 }, requires: [] }
  const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  await file.truncate(0)
  await file.write(Buffer.from(`${JSON.stringify({ ...body, checksum }, null, 2)}\n`), 0)
  await file.sync()
  await file.close()
}
