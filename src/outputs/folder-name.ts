import { WaymarkError } from '../model/errors.ts'
import { isHiddenName } from './hidden-names.ts'

/** What most file systems take: bytes in UTF-8. */
const mostBytes = 255
/** Devices in every folder of Windows, with any ending. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * A name that a user's function gave to a file, fit for any folder on any system.
 *
 * @throws WaymarkError `invalid` naming the item
 */
export function checkFileName(name: unknown, item: string, shown: string): string {
  const fault = faultOf(name)
  if (fault === undefined && typeof name === 'string') return name
  throw new WaymarkError('invalid', {
    message: `${shown}: ${typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : `a ${name === null ? 'null' : typeof name}`} cannot be the file name of item ${item}: ${fault}`,
    means: 'Nothing of the item was written, and it is not done; files of other items are safe.',
    remedy:
      "Let name return a plain file name, without folders: (value, item) => item.key + '.json'. What may hold anything: encodeURIComponent(key).",
    details: { item },
  })
}

function faultOf(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'it is no text'
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..' || /[/\\]/.test(name)) return 'it leads to another folder'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  if (/[\0-\x1f\x7f]/.test(name) || !name.isWellFormed()) return 'it holds characters that no file name should'
  if (isHiddenName(name)) return 'names like this are this library’s own'
  if (reserved.test(name) || /[. ]$/.test(name)) return 'Windows keeps such names for itself'
  if (process.platform === 'win32' && /[<>:"|?*]/.test(name)) return 'Windows allows no <, >, :, ", |, ? or * in it'
  if (Buffer.byteLength(name) > mostBytes) return `it is longer than ${mostBytes} bytes`
  return undefined
}
