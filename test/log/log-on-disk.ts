import assert from 'node:assert/strict'
import type { FileSystem } from '../../src/files/file-system.ts'
import { FileLog, type FileLogOptions } from '../../src/log/file-log.ts'
import type { FoundRecord, Ownership } from '../../src/log/log.ts'
import { type ErrorCode, isWaymarkError } from '../../src/model/errors.ts'
import type { RecordPosition } from '../../src/model/run-view.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { sealsOfTests } from '../../src/testing/sealed-by-tests.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

export const storeId = 'store00000store00000store0'
export const segmentFolder = '/store/segments'

/** A disk with an empty store on it, all of it durable. */
export async function diskWithStore(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const files = disk.process('setup')
  for (const folder of ['segments', 'claims']) await files.makeDirectory(`/store/${folder}`)
  await files.syncDirectory('/store')
  await files.syncDirectory('/')
  return disk
}

let opened = 0

/** A process's log. */
export function logOn(files: FileSystem, options: Partial<FileLogOptions> = {}): FileLog {
  return new FileLog({
    files,
    root: '/store',
    storeId,
    clock: new FakeClock(),
    random: seededRandom(++opened),
    seals: sealsOfTests,
    ...options,
  })
}

/** How the claims of a stream are called. */
export const claimName = (stream: string): string => sealsOfTests?.name('stream', stream) ?? stream

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
export const text = (payload: Uint8Array): string => Buffer.from(payload).toString('latin1')
/** Of records whose payloads are all there. */
export const texts = (records: readonly Pick<FoundRecord, 'payload'>[]): string[] =>
  records.map(({ payload }) => {
    assert.ok(payload, 'a payload was left in the log')
    return text(payload)
  })

/** All bytes of a file. */
export async function readAll(files: FileSystem, path: string): Promise<Buffer> {
  const file = await files.open(path, 'read')
  const content = await file.read(0, (await file.stat()).size)
  await file.close()
  return Buffer.from(content)
}

/** Replaces a file, or makes it. */
export async function writeAll(files: FileSystem, path: string, content: Uint8Array): Promise<void> {
  await files.remove(path)
  const file = await files.open(path, 'create')
  await file.write(content, 0)
  await file.close()
}

/** For `assert.rejects`. */
export const code =
  (expected: ErrorCode) =>
  (error: unknown): boolean =>
    isWaymarkError(error, expected)

/** Appends one after another, so that each is in a batch of its own. */
export async function appendEach(
  log: FileLog,
  owner: Ownership,
  payloads: readonly string[],
): Promise<readonly RecordPosition[]> {
  const positions: RecordPosition[] = []
  for (const payload of payloads) positions.push(...(await log.append(owner, [bytes(payload)])))
  return positions
}
