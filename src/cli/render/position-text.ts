import type { OutputPosition } from '../../model/output-position.ts'
import { bytes } from './quantities.ts'

/** How much of an output counts, in its own unit. */
export function positionText(output: OutputPosition): string {
  switch (output.kind) {
    case undefined:
      return bytes(output.length)
    case 'parts':
      return `${output.parts} ${output.parts === 1 ? 'part' : 'parts'}, ${output.rows} rows`
    case 'folder':
      return `${output.count} files`
    case 'table':
      return `${output.rows} rows`
    case 'callback':
      return `${output.count} results`
  }
}
