import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of the log of the store in this folder, in the order of their names. */
export function segmentFiles(store: string): readonly string[] {
  const folder = join(store, 'segments')
  return readdirSync(folder)
    .sort()
    .map(name => join(folder, name))
}

/** Flips a bit of a file where a text stands for the nth time. What it gives back puts that right. */
export function damageAt(file: string, text: string, nth = 1): () => void {
  const whole = readFileSync(file)
  let at = -1
  for (let time = 0; time < nth; time++) {
    at = whole.indexOf(text, at + 1)
    assert.ok(at >= 0, `${text} stands in ${file} ${time} times`)
  }
  const damaged = Buffer.from(whole)
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
  writeFileSync(file, damaged)
  return () => writeFileSync(file, whole)
}
