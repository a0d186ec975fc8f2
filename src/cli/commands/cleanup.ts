import type { CleanUpReport } from '../../engine/clean-up.ts'
import { exitCodeOf, WaymarkError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import { document, isoTime } from '../json-shapes.ts'
import { cleanUpLines } from '../render/cleanup-lines.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'

const defaultDays = 7

/** `waymark cleanup --days N` */
export async function cleanupCommand(context: Context): Promise<number> {
  const { output, line: typed } = context
  const days = typed.flags.count('days') ?? defaultDays
  const plan = typed.flags.on('plan') || !typed.flags.on('yes')
  const report = await withStore(context, store => store.cleanUp({ olderThanDays: days, plan }))
  const waits = report.planned && !typed.flags.on('plan') && report.removed.length > 0
  const again = shellWords(['waymark', 'cleanup', '--days', String(days), '--yes'])
  if (output.json) {
    const plain = document(
      'cleanup',
      shapeOf(report),
      report.planned && report.removed.length > 0 ? { command: again } : undefined,
    )
    output.jsonLine(waits ? { ...plain, ok: false, error: unconfirmed(report, again).toJSON() } : plain)
    return waits ? exitCodeOf.confirmation : 0
  }
  await output.result(cleanUpLines(report, output.stdoutScreen))
  if (waits) throw unconfirmed(report, again)
  return 0
}

const shapeOf = ({ removed, ...report }: CleanUpReport): object => ({
  ...report,
  checkpoints: removed.length,
  removed: removed.map(({ createdAt, ...one }) => ({ ...one, createdAt: isoTime(createdAt) })),
})

const unconfirmed = ({ removed }: CleanUpReport, remedy: string): WaymarkError =>
  new WaymarkError('confirmation', {
    message: `a cleanup would delete ${removed.length === 1 ? 'this checkpoint' : `these ${removed.length} checkpoints`}, and waits for a yes`,
    means: 'Nothing was deleted.',
    remedy,
  })
