import { type OpenOptions, open } from '../../src/open.ts'

/** What the benchmarks use of a store. What is optional here did not exist in every version: a benchmark that lacks it says so and does the nearest thing. */
export interface MeasuredStore {
  save(options: MeasuredSave): Promise<{ readonly id: string }>
  load(id: string): Promise<{ readonly value: unknown }>
  list(options: { readonly limit?: number }): Promise<readonly { readonly id: string }[]>
  close(): Promise<void>
  loadBytes?(id: string): AsyncIterable<Uint8Array>
  verify?(options: { readonly full: boolean }): Promise<unknown>
}

export type MeasuredSave = SaveFacts & ({ readonly value: unknown } | { readonly bytes: AsyncIterable<Uint8Array> })

interface SaveFacts {
  readonly run?: string
  readonly stage?: string
  readonly full?: boolean
  readonly mode?: string
}

export interface Compression {
  readonly codec: 'zstd' | 'gzip' | 'brotli' | 'none'
  readonly level?: number
}

export function openMeasured(
  path: string,
  options: { readonly compression?: Compression; readonly components?: OpenOptions['components'] } = {},
): Promise<MeasuredStore> {
  const { compression, components } = options
  const all = { path, ...(compression === undefined ? {} : { compression }), ...(components === undefined ? {} : { components }) }
  return open(all)
}

/** Whether the store saves streams; without, it is a version from before incremental saves. */
export function savesStreams(store: MeasuredStore): boolean {
  return store.loadBytes !== undefined
}

/** Whether `mode` means something to the store: then it refuses one that does not exist. */
export async function knowsModes(store: MeasuredStore): Promise<boolean> {
  try {
    await store.save({ value: 'probe', mode: 'no such mode' })
    return false
  } catch {
    return true
  }
}
