import { inspect } from 'node:util'
import type { MergeReport, StoreMergeOptions } from '../../engine/merge-checkpoints.ts'
import { plainJson } from '../../engine/plain-json.ts'
import { type Redaction, redactionOf } from '../../engine/redaction.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { JsonLosses } from '../json-losses.ts'
import { checkpointInfoShape, document } from '../json-shapes.ts'
import { counted } from '../render/quantities.ts'
import { type Line, line, type Screen, span } from '../render/screen.ts'
import { withStore } from '../with-store.ts'

type Conflict = MergeReport['conflicts'][number]

/** `waymark merge BASE A B` */
export async function mergeCommand(context: Context): Promise<number> {
  const { line: typed, output } = context
  const [base = '', ours = '', theirs = ''] = typed.arguments
  const options = optionsOf(context)
  const report = await withStore(context, async store =>
    redacted(await store.merge(base, ours, theirs, options), redactionOf(store)),
  )
  if (output.json) {
    const { value, conflicts, saved, ...rest } = report
    const plain = plainJson(value)
    output.jsonLine(
      document('merge', {
        ...rest,
        value: plain.json,
        lossy: plain.losses,
        conflicts: conflicts.map(conflictShape),
        ...(saved === undefined ? {} : { saved: checkpointInfoShape(saved) }),
      }),
    )
    return 0
  }
  await output.result(mergeLines(report, output.stdoutScreen))
  return 0
}

function redacted(report: MergeReport, redaction: Redaction): MergeReport {
  const shown = ({ path, ...conflict }: Conflict): Conflict => {
    const sides = (['base', 'ours', 'theirs'] as const).filter(side => side in conflict)
    return { path, ...conflict, ...Object.fromEntries(sides.map(side => [side, redaction.shownAt(path, conflict[side])])) }
  }
  return { ...report, value: redaction.shown('value', report.value), conflicts: report.conflicts.map(shown) }
}

function conflictShape({ path, taken, ...sides }: Conflict): object {
  const losses = new JsonLosses()
  const shown = Object.entries(sides).map(([side, value]) => [side, losses.take(value, side)] as const)
  return { path, ...Object.fromEntries(shown), ...(taken === undefined ? {} : { taken }), ...losses.fields }
}

function optionsOf({ line: { flags, command } }: Context): StoreMergeOptions {
  const strategy = flags.text('strategy')
  const saveAs = flags.text('save-as')
  const arrayKey = flags.text('array-key')
  const take = Object.fromEntries(flags.all('take').map(given => pairOf(given, command)))
  const labels = saveAs === undefined ? undefined : labelsOf(saveAs, command)
  return {
    take,
    // Nothing is to be kept of it: then it only tells what would be.
    dryRun: flags.on('dry-run') || labels === undefined,
    ...(isStrategy(strategy) ? { strategy } : {}),
    ...(arrayKey === undefined ? {} : { arrayKey }),
    ...(labels === undefined ? {} : { saveAs: labels }),
  }
}

type Strategy = NonNullable<StoreMergeOptions['strategy']>

const isStrategy = (text: string | undefined): text is Strategy =>
  text === 'ours' || text === 'theirs' || text === 'fail' || text === 'union'

/** `PATH=ours`; a path may hold `=`, a strategy does not. */
function pairOf(given: string, command: Context['line']['command']): readonly [string, Strategy] {
  const at = given.lastIndexOf('=')
  const side = given.slice(at + 1)
  if (at > 0 && isStrategy(side)) return [given.slice(0, at), side]
  throw wrongUsage(`--take ${given} is not PATH=ours, PATH=theirs, PATH=union or PATH=fail`, command)
}

function labelsOf(given: string, command: Context['line']['command']): { readonly run: string; readonly stage?: string } {
  const slash = given.indexOf('/')
  const [run, stage] = slash === -1 ? [given, undefined] : [given.slice(0, slash), given.slice(slash + 1)]
  if (run === '' || stage === '') throw wrongUsage(`--save-as ${given} is not RUN/STAGE`, command)
  return { run, ...(stage === undefined ? {} : { stage }) }
}

const shownConflicts = 20

function mergeLines({ conflicts, unresolved, taken, saved, merged, unusedTakes = [] }: MergeReport, screen: Screen): Line[] {
  const { completed, waiting, checkpoint, separator } = screen.glyphs
  const changes = `${counted(taken.ours, 'place')} from ${merged.ours}, ${taken.theirs} from ${merged.theirs}`
  const head: Line =
    unresolved > 0
      ? [span(`${waiting} ${counted(unresolved, 'conflict')} `, 'waiting'), span(`to decide ${separator} ${changes}`)]
      : [span(`${completed} merges `, 'good'), span(changes)]
  const shown = conflicts.slice(0, shownConflicts).flatMap(one => conflictLines(one))
  return [
    head,
    ...shown,
    ...(conflicts.length > shownConflicts ? [line(`  and ${conflicts.length - shownConflicts} more`, 'quiet')] : []),
    ...unusedTakes.map(path => line(`  --take ${path} fits no conflict`, 'quiet')),
    ...(saved === undefined
      ? [line('nothing was saved: --save-as RUN/STAGE saves the result', 'quiet')]
      : [[span('  saved    ', 'quiet'), span(`${checkpoint} ${saved.id}`)]]),
  ]
}

function conflictLines(conflict: Conflict): Line[] {
  const { path, taken } = conflict
  const sides = (['base', 'ours', 'theirs'] as const).map(
    side =>
      `${side} ${side in conflict ? inspect(conflict[side], { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60, maxArrayLength: 5 }) : '(nothing)'}`,
  )
  return [
    [
      span(`  ${path === '' ? '(the whole value)' : path}  `, 'strong'),
      span(taken === undefined ? 'undecided' : taken, taken === undefined ? 'waiting' : 'plain'),
    ],
    line(`    ${sides.join('  ')}`, 'quiet'),
  ]
}
