import { fstatSync, writeSync } from 'node:fs'
import { WaymarkError } from '../model/errors.ts'

let failure: unknown

const stdoutFd = 1

/** Writes text to stdout as it is now, whatever takes its place. */
export function stdoutWriter(): (text: string) => void {
  const write = process.stdout.write.bind(process.stdout)
  if (!fstatSync(stdoutFd).isFile()) return text => void write(text)
  // Of a text for which there is no room on the disk Node writes a part, and takes that for all of it.
  return text => {
    const bytes = Buffer.from(text)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(stdoutFd, bytes, at)
    } catch (error) {
      failure ??= error
    }
  }
}

/** Listens to what becomes of what is written. Once a process. */
export function watchOutput(): void {
  process.stdout.on('error', error => {
    failure ??= error
  })
  process.stderr.on('error', () => {})
}

/** A reader that goes away (`| head`) is no failure: there is nobody to tell the rest. */
export const isReaderGone = (): boolean => failure !== undefined && (codeOf(failure) === 'EPIPE' || process.stdout.isTTY)

/** Why not all that was written to stdout is there, on a full disk for instance; undefined if nothing is known to be missing. */
export async function outputLoss(): Promise<WaymarkError | undefined> {
  // The stream tells of it a moment after the write.
  await new Promise(resolve => setImmediate(resolve))
  if (failure === undefined || isReaderGone()) return undefined
  const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(failure) ?? '')
  return new WaymarkError(isFull ? 'disk_full' : 'unavailable', {
    message: `cannot write to stdout: ${failure instanceof Error ? failure.message : String(failure)}`,
    means: 'What was written there is not all there. Only that is affected: what the command did is done.',
    remedy: isFull
      ? 'Free some space on the disk that it was written to, or have it written elsewhere.'
      : 'Have it written elsewhere.',
    cause: failure,
  })
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
