import type { KeysCheck } from '../../engine/check-keys.ts'
import type { ExportedKeys } from '../../engine/export-keys.ts'
import type { DataKeyInfo, KeysReport, MasterKeyInfo } from '../../engine/keys-report.ts'
import type { RekeyReport } from '../../engine/rekey-report.ts'
import { bytes, counted, timeText } from './quantities.ts'
import { type Line, line, type Screen, span } from './screen.ts'

/**
 * The keys of a store.
 *
 * @param done what was changed, if anything was
 */
export function keysLines(report: KeysReport, screen: Screen, done?: string): Line[] {
  const { masters, dataKeys, acceptsPlain } = report
  const lines = done === undefined ? [] : [title(done, screen)]
  lines.push(...masters.map(master => masterLine(master, master.openedBy ? 'opened the store' : '')))
  lines.push(...dataKeys.map(key => dataKeyLine(key, '')))
  if (acceptsPlain) lines.push(note('what was written before the store was sealed is still plain'))
  return lines
}

/** What to do once a master key is gone. */
export const rekeyHintLines = (command: string): Line[] => [
  note('what was sealed until now can be read by who had the key that is gone, and its data keys, until it is sealed anew:'),
  note(`  ${command}`),
]

/** What a check found. */
export function checkLines(check: KeysCheck, screen: Screen): Line[] {
  const { plain, acceptsPlain, problems } = check
  const lines = [check.ok ? title('the keys are whole', screen) : line(`${screen.glyphs.failed} the keys are not whole`, 'bad')]
  lines.push(
    ...check.masters.map(master => masterLine(master, master.opens ? 'opens the store' : 'not tried: its key is not here')),
  )
  for (const key of check.dataKeys) lines.push(dataKeyLine(key, amount(key)))
  if (plain.files > 0) lines.push([span('  plain   ', 'quiet'), span(amount(plain), acceptsPlain ? 'waiting' : 'bad')])
  return [...lines, ...problems.map(problem => line(`  ${problem}`, 'bad'))]
}

/** What was sealed anew, and what is left. */
export function rekeyLines(report: RekeyReport, screen: Screen): Line[] {
  const { complete, files, bytes: size, seconds, dataKey, left, kept } = report
  const done = `${amount({ files, bytes: size })} in ${seconds.toFixed(1)} s`
  if (complete) {
    return [
      title('everything is sealed with a new data key', screen),
      note(`${done}; data key ${dataKey}; those before are forgotten`),
      ...kept.map(name => line(`  ${name} is damaged, as a repair noted: nothing of it opens, and it stays as it is`, 'waiting')),
      note('copies, backups and old blocks of the disk are as they were'),
    ]
  }
  return [title(`sealed anew: ${done}`, screen), ...left.map(({ name, because }) => line(`  ${name} ${because}`, 'waiting'))]
}

/** Where a copy of the ring is, and what opens it. */
export const exportLines = ({ path, masters, putBackAs }: ExportedKeys, screen: Screen): Line[] => [
  title(`copied the key ring to ${path}`, screen),
  ...masters.map(master => masterLine(master, 'opens it')),
  note(`to put it back: as ${putBackAs} in the folder of the store`),
]

/** Where a new key is. */
export const newKeyLines = (path: string, screen: Screen): Line[] => [
  title(`a new key is in ${path}`, screen),
  note('keep a copy of it apart from the store: what it seals cannot be read without it'),
]

const title = (text: string, { glyphs }: Screen): Line => [span(`${glyphs.completed} ${text}`, 'good')]
const note = (text: string): Line => line(`  ${text}`, 'quiet')
const amount = ({ files, bytes: size }: { readonly files: number; readonly bytes: number }): string =>
  `${counted(files, 'file')}, ${bytes(size)}`

const masterLine = ({ id, kind, name, createdAt }: MasterKeyInfo, text: string): Line => [
  span('  key     ', 'quiet'),
  span(`${id}  ${kind.padEnd(10)}  ${timeText(createdAt)}  ${name}`),
  ...(text === '' ? [] : [span(`  ${text}`, 'quiet')]),
]

const dataKeyLine = ({ id, createdAt, current }: DataKeyInfo, text: string): Line => [
  span('  data key', 'quiet'),
  span(`  ${id}  ${timeText(createdAt)}`),
  span(`${current ? '  seals now' : ''}${text === '' ? '' : `  ${text}`}`, 'quiet'),
]
