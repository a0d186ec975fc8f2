/** What a store of chunks promises, each in the words a broken one is reported with. */
export const chunkPromises = {
  opens: 'a store that nobody damaged opens, and reports no damage',
  kept: 'an acknowledged checkpoint is listed and loads',
  same: 'a checkpoint loads with the value it was saved with',
  gone: 'what was deleted stays deleted',
  attempted: 'there is no checkpoint that nobody saved, and none twice',
  ordered: 'of two checkpoints one is the newer, and the newest is the latest',
  whole: 'a pack that has its name is whole',
  paired: 'a pack that is written with parity has it once it is acknowledged, whole',
  refused: 'a store that holds chunks says so, so that an older version refuses it',
  goesOn: 'a save that stands on the newest checkpoint works and loads',
  undisturbed: 'a save on a disk that works is acknowledged',
} as const

export type ChunkPromise = keyof typeof chunkPromises

/** A promise of the store was broken: a defect of the store. */
export class BrokenChunkPromise extends Error {
  override readonly name = 'BrokenChunkPromise'
  readonly promise: ChunkPromise

  constructor(promise: ChunkPromise, how: string, cause?: unknown) {
    super(`broken promise "${chunkPromises[promise]}": ${how}`, { cause })
    this.promise = promise
  }
}

/** Does something that a promise says works. */
export async function promised<T>(promise: ChunkPromise, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof BrokenChunkPromise) throw error
    throw new BrokenChunkPromise(promise, `${what}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}
