import type { StoreCore } from './store-core.ts'

/** What a process writes is renamed when it is whole. One that nobody wrote to for so long was left behind; if not, its rename fails, and with it that save. */
const abandonedAfterMs = 60 * 60 * 1000

/** Whether nobody wrote to a file for so long that whoever began it must be gone. */
export async function isAbandoned({ disk, clock }: Pick<StoreCore, 'disk' | 'clock'>, path: string): Promise<boolean> {
  const { mtimeMs } = (await disk.stat(path)) ?? {}
  return mtimeMs !== undefined && clock.now() - mtimeMs > abandonedAfterMs
}
