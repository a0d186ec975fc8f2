import { createHash } from 'node:crypto'
import { encodeValue } from '../format/encode-value.ts'
import { encodePack } from '../format/pack.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { newCheckpointId, newPackId } from '../model/ids.ts'
import type { StoreCore } from './store-core.ts'

/** Values whose bytes are fewer ride in the log record itself: one fsync in all. */
export const inlineBelowBytes = 64 * 1024

export interface CheckpointFacts {
  readonly id?: string
  readonly run?: string
  readonly stage?: string
  readonly type: string
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
}

/**
 * Makes a value's bytes durable where they need a place of their own, and returns the record whose append to the log is the commit. Bytes first, then the log: without
 * that append the bytes are an orphan pack and nothing else.
 *
 * @throws WaymarkError `invalid` with the path inside the value if it cannot be stored, `disk_full`, `unavailable`
 */
export async function writeCheckpoint(core: StoreCore, value: unknown, facts: CheckpointFacts): Promise<CheckpointRecord> {
  const bytes = encodeValue(value, { codecs: core.codecs })
  const stored = await placeBytes(core, bytes)
  return {
    id: facts.id ?? newCheckpointId(core.random),
    ...(facts.run === undefined ? {} : { run: facts.run }),
    ...(facts.stage === undefined ? {} : { stage: facts.stage }),
    type: facts.type,
    createdAt: core.clock.now(),
    order: await nextOrder(core),
    tags: facts.tags ?? [],
    metadata: facts.metadata ?? {},
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    encoding: 'cbor',
    logicalBytes: bytes.length,
    ...stored,
  }
}

/** Above every order given before. Where the clock was set back, that of other processes is known only to the log. */
async function nextOrder(core: StoreCore): Promise<number> {
  const order = core.order.next()
  if (order <= (core.clock.now() + 1) * 1_000) return order
  await core.feed.refresh()
  core.order.observe((await core.feed.query(catalog => catalog.summary())).highestOrder)
  return core.order.next()
}

async function placeBytes(core: StoreCore, bytes: Uint8Array): Promise<Pick<CheckpointRecord, 'content' | 'storedBytes'>> {
  if (bytes.length < inlineBelowBytes) return { content: { kind: 'inline', bytes }, storedBytes: bytes.length }
  const pack = newPackId(core.random)
  const { parts, frames, length } = encodePack(pack, core.storeId, bytes)
  await core.blobs.put(pack, parts)
  return { content: { kind: 'pack', pack, first: 0, count: frames }, storedBytes: length }
}
