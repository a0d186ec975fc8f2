import type { Lineage } from '../../engine/fork-lineage.ts'
import { isoTime } from '../json-shapes.ts'
import { shortId } from './run-label.ts'
import type { Screen } from './screen.ts'

/** Whether there is anything to draw. */
export const hasKin = (lineage: Lineage): boolean => lineage.forks.length > 0

/** The family of a run as a tree, a line each; nothing where it is alone. The run itself is marked. */
export function lineageTexts(lineage: Lineage | undefined, self: string, screen: Screen): readonly string[] {
  return lineage === undefined || !hasKin(lineage) ? [] : branch(lineage, self, screen, 0)
}

function branch({ run, state, forkedFrom, forks }: Lineage, self: string, screen: Screen, depth: number): readonly string[] {
  const { checkpoint, stage, before } = forkedFrom ?? {}
  const at = stage === undefined ? '' : ` ${before === true ? 'before' : 'at'} ${stage}`
  const place =
    forkedFrom === undefined ? '' : `${at}${checkpoint === undefined ? '' : ` ${screen.glyphs.checkpoint} ${checkpoint}`}`
  const indent = depth === 0 ? '' : `${'   '.repeat(depth - 1)}\`- `
  const own = `${indent}${shortId(run)} ${state}${place}${run === self ? '  (this run)' : ''}`
  return [own, ...forks.flatMap(fork => branch(fork, self, screen, depth + 1))]
}

/** The same for `--json`. */
export const lineageShape = ({ run, state, forkedFrom, forks }: Lineage): object => ({
  run,
  state,
  ...(forkedFrom === undefined ? {} : { forkedFrom: { ...forkedFrom, time: isoTime(forkedFrom.time) } }),
  forks: forks.map(lineageShape),
})
