import type { RepairReport } from '../../engine/repair-report.ts'
import { exitCodeOf, WaymarkError } from '../../model/errors.ts'
import { byteProgress } from '../byte-progress.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document, isoTime } from '../json-shapes.ts'
import { repairLines, undoLines } from '../render/repair-lines.ts'
import { type SameStore, sameStore } from '../same-store.ts'
import { withReadOnlyStore } from '../with-read-only-store.ts'
import { withStore } from '../with-store.ts'

/** `waymark repair` */
export async function repairCommand(context: Context): Promise<number> {
  const { output, line } = context
  const undo = line.flags.text('undo')
  if (undo !== undefined) {
    if (line.flags.on('yes')) throw wrongUsage('--undo needs no --yes')
    const undone = await withStore(context, store => store.undoRepair(undo))
    if (output.json) output.jsonLine(document('repair', { undone }))
    else await output.result(undoLines(undone, output.stdoutScreen))
    return 0
  }
  const report = await repair(context, line.flags.on('yes'))
  const here = sameStore(context)
  const waits = report.planned && report.actions.length > 0
  if (!output.json) {
    await output.result(repairLines(report, output.stdoutScreen, here))
    if (waits) throw unconfirmed(report, here)
    return 0
  }
  output.jsonLine(repairDocument(report, waits, here))
  return waits ? exitCodeOf.confirmation : 0
}

async function repair(context: Context, yes: boolean): Promise<RepairReport> {
  const progress = await byteProgress(context, 'looking')
  const onProgress = (now: { readonly done: number; readonly total: number }): void => progress.report(now)
  try {
    // Also a damaged catalog stays as it is until somebody said yes.
    if (!yes) return await withReadOnlyStore(context, store => store.repair({ plan: true, onProgress }))
    return await withStore(context, store => store.repair({ onProgress }))
  } finally {
    progress.end()
  }
}

function repairDocument(report: RepairReport, waits: boolean, here: SameStore): object {
  const data = { ...report, damaged: report.damaged.map(one => ({ ...one, createdAt: isoTime(one.createdAt) })) }
  if (waits) {
    const error = unconfirmed(report, here)
    return { ...document('repair', data, { command: error.remedy }), ok: false, error: error.toJSON() }
  }
  return document('repair', data, report.id === undefined ? undefined : { command: here(`waymark repair --undo ${report.id}`) })
}

const unconfirmed = ({ actions }: RepairReport, here: SameStore): WaymarkError =>
  new WaymarkError('confirmation', {
    message: `a repair would do ${actions.length === 1 ? 'this one thing' : `these ${actions.length} things`}, and waits for a yes`,
    means: 'Nothing was changed. Whatever it changes is set aside first, and can be put back with --undo.',
    remedy: here('waymark repair --yes'),
  })
