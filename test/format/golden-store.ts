import { createHash } from 'node:crypto'
import { pipeline, type Store } from 'waymark'
import { plainView } from './plain-view.ts'

/** What a checkpoint of a golden store is, and has to be for ever. */
export interface GoldenCheckpoint {
  readonly id: string
  readonly encoding: string
  readonly digest: string
  /** SHA-256 in hex of its encoded bytes. */
  readonly sha256: string
  /** Only of short ones. */
  readonly value?: unknown
  readonly labels: Readonly<Record<string, unknown>>
}

const shownBytes = 1_000

/** Every checkpoint that the store lists, newest first, loaded. */
export async function goldenCheckpoints(store: Store): Promise<readonly GoldenCheckpoint[]> {
  const checkpoints: GoldenCheckpoint[] = []
  for (const info of await store.list({ limit: 1_000 })) {
    const { id, encoding, digest, logicalBytes } = info
    const hash = createHash('sha256')
    for await (const piece of store.loadBytes(id)) hash.update(piece)
    const { run, stage, type, tags, metadata, description, parent, rows, status, pins } = info
    const labels = { run, stage, type, tags, metadata, description, parent, rows, status, pins }
    const { value } = await store.load(id)
    const sha256 = hash.digest('hex')
    const isValue = encoding === 'cbor' || encoding === 'rows'
    const shown = isValue && logicalBytes <= shownBytes ? { value: plainView(value) } : {}
    checkpoints.push({ id, encoding, digest, sha256, ...shown, labels: JSON.parse(JSON.stringify(labels)) })
  }
  return checkpoints
}

/** The same numbers every time. */
export function numbers(count: number): number[] {
  let seed = 1
  return Array.from({ length: count }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  })
}

/** The pipeline whose run `golden-run` is in the golden stores. `called` is called with the name of each stage that is, or of an item. */
export function goldenPipeline(format: string, called: (name: string) => void) {
  return pipeline('golden', async run => {
    const input = run.stage('numbers', () => [1, 2, 3])
    if (format !== '1.0') await run.stage('large', () => numbers(1_200).map(n => `number ${n % 1_000}`))
    const { done } = await run.each('double', input, n => {
      called('item')
      return n * 2
    })
    return { sum: done }
  })
}

/**
 * The pipeline whose run `golden-keyed` is in the golden stores from 1.2 on: items known by key, one of which was set aside; and `golden-stopped`, which was stopped before the last item; from 1.3 on
 * also the fork `golden-fork` of the first. `called` is called with the name of each stage that is, and with the key of each item.
 */
export function goldenKeyed(called: (name: string) => unknown) {
  return pipeline('golden-keyed', async run => {
    const orders = run.stage('orders', () => {
      called('orders')
      return ['a', 'b', 'c', 'ü', 'a key that is longer than one block'].map((id, n) => ({ id, n }))
    })
    const { done, setAside } = await run.each(
      'work',
      orders,
      ({ id, n }) => {
        called(id)
        // Without the places in this machine's folders.
        if (id === 'c') throw Object.assign(new Error('cannot be worked on'), { stack: 'Error: cannot be worked on' })
        return n * 2
      },
      { key: ({ id }) => id, tolerate: { count: 1 }, save: { items: 1 }, concurrency: 1 },
    )
    return run.stage('report', () => {
      called('report')
      return { done, setAside }
    })
  })
}

/** The pipeline whose run `golden-events` is in the golden stores from 1.5 on. */
export const goldenEvents = pipeline('golden-events', async run => {
  await Promise.all([1, 2, 3].map(n => run.event('counted', { n, text: 'say "ü"\n' }, { status: 'success' })))
  await run.stage('measured', async ctx => {
    await ctx.metric('rows_per_second', 51_200.5, 'rows/s')
    return ctx.stage('inner', inner => inner.quality({ missingRate: 0.02, outliers: 3 }, { status: 'warning' }))
  })
  await run.each('work', ['a/1'], (_, ctx) => ctx.event('worked'), { key: item => item })
})
