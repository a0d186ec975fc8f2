import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Store } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { type CountingFiles, countingFiles } from '../../src/testing/faulty-files.ts'

/** A store on the real disk that counts its file operations, removed afterwards. */
export async function withStore<T>(use: (store: Store, files: CountingFiles, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
  const files = countingFiles(nodeFiles)
  const store = await open({ path: join(folder, '.waymark'), components: { files } })
  try {
    return await use(store, files, folder)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Microseconds of CPU (all threads of the process) that `work` takes. */
export async function cpuUs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const used = process.cpuUsage(before)
  return used.user + used.system
}
