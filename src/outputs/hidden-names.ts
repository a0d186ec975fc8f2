/** What a hidden file in an output folder is for. */
export type HiddenKind = 'part' | 'rows' | 'file' | 'names' | 'gone'

/** A file that no reader should see: not yet counted, or only for a resume. Its name says whose it is, so that two owners never write the same one. */
export interface HiddenName {
  readonly run: string
  /** Fencing token of the owner that writes it. */
  readonly token: number
  readonly kind: HiddenKind
  readonly number: number
}

const pattern = /^\.waymark-(.+)-(\d+)-(part|rows|file|names|gone)-(\d+)(?:\.\d+\.part)?$/

export const hiddenName = ({ run, token, kind, number }: HiddenName): string => `.waymark-${run}-${token}-${kind}-${number}`

/** True for names that only this library gives. */
export const isHiddenName = (name: string): boolean => name.startsWith('.waymark-')

/** Undefined for any other name. */
export function parseHiddenName(name: string): HiddenName | undefined {
  const [, run, token, kind, number] = pattern.exec(name) ?? []
  if (run === undefined || !isKind(kind)) return undefined
  return { run, token: Number(token), kind, number: Number(number) }
}

/** Whether a file with this name is left over once `owner` has the folder: from another run, or from itself or an earlier owner of the same run. */
export function isLeftOver(name: string, owner: { readonly run: string; readonly token: number }): boolean {
  const parsed = parseHiddenName(name)
  return parsed !== undefined && (parsed.run !== owner.run || parsed.token <= owner.token)
}

const isKind = (kind: string | undefined): kind is HiddenKind =>
  kind === 'part' || kind === 'rows' || kind === 'file' || kind === 'names' || kind === 'gone'
