import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

const dayMs = 86_400_000
/** Nobody compresses a log for so long. */
const abandonedMs = 3_600_000

export interface OldFilesOptions {
  /** At most so many, the newest. */
  readonly files: number
  /** None that was written to last longer ago. */
  readonly keepDays: number
  readonly nowMs: number
}

/** What an old file is called until it is whole. */
const unfinished = /\.gz\.[0-9]+\.tmp$/

/** `pipeline.log.20261121T222601123Z`, and for a second one of the same millisecond `…Z-1`. */
export const oldName = (path: string, nowMs: number, count: number): string =>
  `${path}.${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}${count === 0 ? '' : `-${count}`}`

/**
 * Compresses the old files of a log and removes those that are too many or too old. Nobody writes to them any more. Interrupted, or in several processes at once, it loses nothing: an old file goes when its compressed form is whole.
 */
export async function tendOldFiles(path: string, { files, keepDays, nowMs }: OldFilesOptions): Promise<void> {
  const folder = dirname(path)
  const names = await readdir(folder)
  for (const name of names.filter(one => one.startsWith(`${basename(path)}.2`) && unfinished.test(one))) {
    const begunMs = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs
    if (begunMs !== undefined && nowMs - begunMs > abandonedMs) await rm(join(folder, name), { force: true })
  }
  const isOld = (name: string): boolean => name.startsWith(`${basename(path)}.2`) && !unfinished.test(name)
  const kept = new Map<string, string[]>()
  for (const name of names.filter(isOld)) {
    const stem = name.replace(/\.gz$/, '')
    kept.set(stem, [...(kept.get(stem) ?? []), name])
  }
  const newestFirst = [...kept].sort(([a], [b]) => (a < b ? 1 : -1))
  for (const [index, [stem, forms]] of newestFirst.entries()) {
    const writtenMs = (await stat(join(folder, forms[0] ?? stem)).catch(() => undefined))?.mtimeMs
    if (writtenMs === undefined) continue
    if (index >= files || nowMs - writtenMs > keepDays * dayMs) {
      for (const name of forms) await rm(join(folder, name), { force: true })
    } else if (forms.includes(`${stem}.gz`)) await rm(join(folder, stem), { force: true })
    else await compress(join(folder, stem))
  }
}

/** Before what it was made from goes. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.datasync().finally(() => file.close())
}

async function compress(path: string): Promise<void> {
  const temporary = `${path}.gz.${process.pid}.tmp`
  try {
    const { atime, mtime } = await stat(path)
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o600 }))
    await utimes(temporary, atime, mtime)
    await sync(temporary)
    await rename(temporary, `${path}.gz`)
    await rm(path, { force: true })
  } catch (error) {
    await rm(temporary, { force: true })
    // Another process was first.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
