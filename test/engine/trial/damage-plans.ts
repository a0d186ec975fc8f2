import type { Damage } from '../../../src/testing/damaged-files.ts'
import type { SeededRandom } from '../../../src/testing/seeded-random.ts'

/** Files damaged together, and how, in words. */
export interface DamagePlan {
  readonly how: string
  readonly damages: readonly Damage[]
  /** A power cut leaves the end of a file that nobody had synced just so. */
  readonly asAfterCrash?: boolean
}

/** The kind of file, by its path in the store. */
export function kindOf(path: string): string {
  if (path.endsWith('waymark.json')) return 'descriptor'
  for (const kind of ['segments', 'claims', 'leases']) if (path.includes(`/${kind}/`)) return kind
  return path.slice(path.lastIndexOf('.') + 1)
}

/** Which places of a file are tried: all within `edge` bytes of its ends, and of the others such a share. */
export interface Places {
  readonly edge: number
  readonly share: number
  readonly random: SeededRandom
}

function* placesIn(bytes: Uint8Array, { edge, share, random }: Places): Iterable<number> {
  for (let at = 0; at < bytes.length; at++) if (at < edge || at >= bytes.length - edge || random.bool(share)) yield at
}

/** One random bit of each byte flipped. */
export function* flips(path: string, bytes: Uint8Array, places: Places): Iterable<DamagePlan> {
  for (const at of placesIn(bytes, places)) {
    const flipped = new Uint8Array(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << places.random.integer(8))
    yield { how: `byte ${at} of ${path} flipped`, damages: [{ path, bytes: flipped }] }
  }
}

export function* truncations(path: string, bytes: Uint8Array, places: Places): Iterable<DamagePlan> {
  for (const length of placesIn(bytes, places)) {
    yield {
      how: `${path} cut at ${length} of ${bytes.length}`,
      asAfterCrash: true,
      damages: [{ path, bytes: bytes.subarray(0, length) }],
    }
  }
}

/** 4 KiB zeroed at every 1 KiB. */
export function* zeroes(path: string, bytes: Uint8Array): Iterable<DamagePlan> {
  for (let at = 0; at < bytes.length; at += 1024) {
    const zeroed = new Uint8Array(bytes).fill(0, at, Math.min(at + 4096, bytes.length))
    if (Buffer.compare(zeroed, bytes) === 0) continue
    yield { how: `4 KiB of ${path} zeroed at ${at}`, asAfterCrash: at + 4096 >= bytes.length, damages: [{ path, bytes: zeroed }] }
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
