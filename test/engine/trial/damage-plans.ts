import type { Damage } from '../../../src/testing/damaged-files.ts'
import type { SeededRandom } from '../../../src/testing/seeded-random.ts'

/** Files damaged together, and how, in words. */
export interface DamagePlan {
  readonly how: string
  readonly damages: readonly Damage[]
}

/** The kind of file, by its path in the store. */
export function kindOf(path: string): string {
  if (path.endsWith('waymark.json')) return 'descriptor'
  for (const kind of ['segments', 'claims', 'leases']) if (path.includes(`/${kind}/`)) return kind
  return path.slice(path.lastIndexOf('.') + 1)
}

/** One random bit of each byte flipped; of the places, each with this chance, and all of the first and last 512. */
export function* flips(path: string, bytes: Uint8Array, share: number, random: SeededRandom): Iterable<DamagePlan> {
  for (let at = 0; at < bytes.length; at++) {
    if (at >= 512 && at < bytes.length - 512 && !random.bool(share)) continue
    const flipped = bytes.slice()
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.integer(8))
    yield { how: `byte ${at} of ${path} flipped`, damages: [{ path, bytes: flipped }] }
  }
}

export function* truncations(path: string, bytes: Uint8Array, share: number, random: SeededRandom): Iterable<DamagePlan> {
  for (let length = 0; length < bytes.length; length++) {
    if (length >= 512 && length < bytes.length - 512 && !random.bool(share)) continue
    yield { how: `${path} cut at ${length} of ${bytes.length}`, damages: [{ path, bytes: bytes.subarray(0, length) }] }
  }
}

/** 4 KiB zeroed at every 1 KiB. */
export function* zeroes(path: string, bytes: Uint8Array): Iterable<DamagePlan> {
  for (let at = 0; at < bytes.length; at += 1024) {
    const zeroed = bytes.slice()
    zeroed.fill(0, at, at + 4096)
    if (Buffer.compare(zeroed, bytes) === 0) continue
    yield { how: `4 KiB of ${path} zeroed at ${at}`, damages: [{ path, bytes: zeroed }] }
  }
}

/** Any two files of a kind in each other's place. */
export function* swaps(files: ReadonlyMap<string, Uint8Array>): Iterable<DamagePlan> {
  const all = [...files]
  for (const [i, [path, bytes]] of all.entries()) {
    for (const [other, others] of all.slice(i + 1)) {
      if (kindOf(path) !== kindOf(other) || Buffer.compare(bytes, others) === 0) continue
      yield {
        how: `${path} and ${other} swapped`,
        damages: [
          { path, bytes: others },
          { path: other, bytes },
        ],
      }
    }
  }
}
