import { readFileSync, writeFileSync } from 'node:fs'
import { findRecord } from './find-record.ts'

/** Flips a bit of the nth record that holds a text, in the log of the store in this folder, be it plain or sealed. */
export async function damageRecord(store: string, text: string, nth = 1): Promise<void> {
  const { file, at } = await findRecord(store, text, nth)
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}
