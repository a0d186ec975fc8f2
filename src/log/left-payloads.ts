/** Which payloads of a stream's records are left in the log when they are looked for. */
export interface LeaveRule {
  /** Shorter ones, or as long, are never left: records are read again one by one, each with an opening of the file. */
  readonly aboveBytes: number
  /** Bytes of longer ones that are kept all the same, so that what most runs have recorded is read once. */
  readonly keptBytes: number
}

export const defaultLeaveRule: LeaveRule = { aboveBytes: 64 << 10, keptBytes: 8 << 20 }

/** Says payload by payload whether it is left. */
export function leaving({ aboveBytes, keptBytes }: LeaveRule): (payload: Uint8Array) => boolean {
  let kept = 0
  return ({ length }) => {
    if (length <= aboveBytes) return false
    if (kept + length > keptBytes) return true
    kept += length
    return false
  }
}
