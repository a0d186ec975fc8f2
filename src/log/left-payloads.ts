/** Which payloads of a stream's records are left in the log when they are looked for. */
export interface LeaveRule {
  /** Longer ones are kept up to `keptBytes` in all, so that what most runs have recorded is read once. */
  readonly aboveBytes: number
  readonly keptBytes: number
  /** Bytes that are kept of short and long ones together: behind them all are left but the shortest. */
  readonly mostBytes: number
  /** Shorter ones, or as long, are never left: records are read again one by one, each with an opening of the file. */
  readonly shortBytes: number
}

export const defaultLeaveRule: LeaveRule = {
  aboveBytes: 64 << 10,
  keptBytes: 8 << 20,
  mostBytes: 32 << 20,
  shortBytes: 1 << 10,
}

/** Says payload by payload whether it is left. Of what was kept, it says the same again. */
export function leaving({ aboveBytes, keptBytes, mostBytes, shortBytes }: LeaveRule): (payload: Uint8Array) => boolean {
  let kept = 0
  let keptOfLong = 0
  return ({ length }) => {
    const ofLong = length > aboveBytes ? length : 0
    if (length > shortBytes && (kept + length > mostBytes || (ofLong > 0 && keptOfLong + ofLong > keptBytes))) return true
    kept += length
    keptOfLong += ofLong
    return false
  }
}
