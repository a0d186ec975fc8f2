import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { FileLog } from '../../src/log/file-log.ts'
import type { Ownership } from '../../src/log/log.ts'
import { type Interceptor, interceptedFiles, type OperationKind } from '../../src/testing/intercepted-files.ts'
import { bytes, diskWithStore, logOn, texts } from './log-on-disk.ts'

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Lets a process do so many operations, and then no more; of the last one, if it writes, half on demand. */
class Paced {
  /** What it did so far. */
  readonly kinds: OperationKind[] = []
  #allowed = 0
  #tears = false
  #go: (() => void) | undefined

  readonly around: Interceptor = async (operation, perform) => {
    while (this.kinds.length >= this.#allowed) await new Promise<void>(resolve => (this.#go = resolve))
    const { kind, file, bytes: whole, position = 0 } = operation
    this.kinds.push(kind)
    if (this.#tears && this.kinds.length === this.#allowed && kind === 'write' && file !== undefined && whole !== undefined) {
      await file.write(whole.subarray(0, whole.length >> 1), position)
      return new Promise<never>(() => {})
    }
    return perform()
  }

  async allow(operations: number, tears: boolean): Promise<void> {
    this.#allowed = operations
    this.#tears = tears
    this.#go?.()
    await settled()
  }
}

interface World {
  /** What the owner's process sees. */
  readonly owner: FileSystem
  readonly log: FileLog
  readonly ownership: Ownership
  readonly segment: string
}

/** What another process does meanwhile. */
const writers: Readonly<Record<string, (world: World, paced: Interceptor) => Promise<unknown>>> = {
  'its owner goes on and ends': async ({ log, ownership }) => {
    await log.append(ownership, [bytes('z')])
    await log.append(ownership, [bytes('z')], 'process')
    await log.append(ownership, [bytes('z'.repeat(9_000))])
    await log.close()
  },
  'another takes it over, goes on and ends': async ({ owner, segment }, around) => {
    const log = logOn(interceptedFiles(owner, around))
    const { ownership } = await log.takeOver('run', segment)
    await log.append(ownership, [bytes('z')])
    await log.append(ownership, [bytes('z')])
    await log.close()
  },
  'two take it over, one after the other': async ({ owner, segment }, around) => {
    for (const _ of [1, 2]) {
      const log = logOn(interceptedFiles(owner, around))
      const { ownership } = await log.takeOver('run', segment)
      await log.append(ownership, [bytes('z')])
    }
  },
  'another stream begins': async ({ owner }, around) => {
    const log = logOn(interceptedFiles(owner, around))
    const other = await log.begin('other')
    if (other !== undefined) await log.append(other, [bytes('o')])
    await log.close()
  },
}

for (const [what, write] of Object.entries(writers)) {
  for (const isClaimed of [true, false]) {
    test(`X4 a reader that stops before any of its reads while ${what}, ${isClaimed ? 'of a run with a chosen id' : 'of one with a drawn id'}, finds no damage [pitfall 18]`, async () => {
      /** False: the reader ended before it came to that place. */
      async function attempt(pauseAt: number, operations: number, tears: boolean) {
        const disk = await diskWithStore()
        const paced = new Paced()
        // The owner runs freely until the reader is stopped.
        let isPaced = false
        const around: Interceptor = (operation, perform) => (isPaced ? paced.around(operation, perform) : perform())
        const owner = disk.process('owner')
        const durable = new Map<string, number>()
        const log = logOn(interceptedFiles(owner, around), {
          onCommitted: ({ segment, durableEnd }) => durable.set(segment, durableEnd),
        })
        const ownership = isClaimed ? await log.begin('run') : await log.create('run')
        assert.ok(ownership)
        const [first] = await log.append(ownership, [bytes('x')])
        await log.append(ownership, [bytes('y')])
        const segment = first?.segment ?? ''
        isPaced = true
        let reads = 0
        let isPaused = false
        const reader = logOn(
          interceptedFiles(disk.process('reader'), async (_operation, perform) => {
            if (reads++ === pauseAt) {
              isPaused = true
              void write({ owner, log, ownership, segment }, paced.around).catch(() => {})
              await settled()
              await paced.allow(operations, tears)
            }
            return perform()
          }),
          { witness: async name => durable.get(name) ?? 0 },
        )
        const { records } = await reader.history('run', segment)
        const found = texts(records).map(one => one[0])
        const place = `stopped before read ${pauseAt}, ${operations} operations of the other, torn ${tears}`
        assert.deepEqual(found.slice(0, 2), ['x', 'y'], place)
        assert.ok(
          found.slice(2).every(one => one === 'z'),
          place,
        )
        for (const name of await reader.segments()) assert.equal((await reader.tail(name, 0)).damage, undefined, place)
        return { isPaused, kinds: paced.kinds }
      }
      let tried = 0
      for (let pauseAt = 0; ; pauseAt++) {
        const { isPaused, kinds } = await attempt(pauseAt, 10_000, false)
        if (!isPaused) break
        for (const [at, kind] of kinds.entries()) {
          await attempt(pauseAt, at + 1, false)
          if (kind === 'write') await attempt(pauseAt, at + 1, true)
          tried++
        }
      }
      assert.ok(tried > 20, `${tried} places were tried`)
    })
  }
}
