import type { ExportFormat } from '../engine/export-checkpoint.ts'
import { type CommandLine, wrongUsage } from './command-line.ts'

/** `--parquet` is short for `--format parquet`. */
const tableFormats = ['parquet', 'csv', 'arrow', 'jsonl'] as const

/** The form that flags ask for; `files` writes a folder, the others one file. */
export function askedFormat({ flags, command }: CommandLine): ExportFormat | 'files' | undefined {
  const named = (['wmk', 'json', 'cbor', 'raw', 'files', ...tableFormats] as const).find(one => one === flags.text('format'))
  const [short, ...more] = tableFormats.filter(one => flags.on(one))
  if (more.length > 0 || (short !== undefined && named !== undefined && short !== named))
    throw wrongUsage(`--${short} and ${more.length > 0 ? `--${more[0]}` : `--format ${named}`} exclude each other`, command)
  return short ?? named
}
