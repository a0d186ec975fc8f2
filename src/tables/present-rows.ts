import type { ColumnData } from './columnar.ts'
import { unpackBits } from './unpack-bits.ts'

/** A byte a row, 1 has a value; nothing where every row has one. */
export function presentRows({ validity, rowCount }: ColumnData): Uint8Array | undefined {
  if (validity === undefined) return
  const present = unpackBits(validity, rowCount)
  return present.includes(0) ? present : undefined
}
