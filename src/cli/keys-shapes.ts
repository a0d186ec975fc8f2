import type { KeysCheck } from '../engine/check-keys.ts'
import type { ExportedKeys } from '../engine/export-keys.ts'
import type { KeysReport } from '../engine/keys-report.ts'
import type { RekeyReport } from '../engine/rekey-report.ts'
import { isoTime } from './json-shapes.ts'

const withTime = <T extends { readonly createdAt: number }>({ createdAt, ...rest }: T): object => ({
  ...rest,
  createdAt: isoTime(createdAt),
})

/** The keys as `keys list`, `init`, `add`, `remove` and `rotate` print them. */
export const keysShape = ({ masters, dataKeys, ...rest }: KeysReport): object => ({
  ...rest,
  masters: masters.map(withTime),
  dataKeys: dataKeys.map(withTime),
})

/** As `keys check` prints them. */
export const checkShape = ({ masters, dataKeys, ...rest }: KeysCheck): object => ({
  ...rest,
  masters: masters.map(withTime),
  dataKeys: dataKeys.map(withTime),
})

/** What `keys rekey` did, as it prints it. */
export const rekeyShape = (report: RekeyReport): object => ({ ...report })

/** A copy of the ring as `keys export` prints it. */
export const exportShape = ({ masters, ...rest }: ExportedKeys): object => ({ ...rest, masters: masters.map(withTime) })
