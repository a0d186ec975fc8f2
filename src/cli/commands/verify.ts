import type { VerifyReport } from '../../engine/verify-report.ts'
import { exitCodeOf, WaymarkError } from '../../model/errors.ts'
import { byteProgress } from '../byte-progress.ts'
import type { Context } from '../context.ts'
import { document, errorDocument, isoTime } from '../json-shapes.ts'
import { line } from '../render/screen.ts'
import { verifyLines } from '../render/verify-lines.ts'
import { type SameStore, sameStore } from '../same-store.ts'
import { untilStopped } from '../until-stopped.ts'
import { withReadOnlyStore } from '../with-read-only-store.ts'

/** `waymark verify` */
export function verifyCommand(context: Context): Promise<number> {
  return untilStopped(
    signal => verified(context, signal),
    async stopped => {
      if (context.output.json) context.output.jsonLine(errorDocument('verify', stopped.toJSON()))
      else await context.output.message([line(`${stopped.message}: nothing was changed, and nothing is proven`)])
    },
  )
}

async function verified(context: Context, signal: AbortSignal): Promise<number> {
  const { output, line: typed } = context
  const progress = await byteProgress(context, 'verifying')
  let report: VerifyReport
  try {
    report = await withReadOnlyStore(context, store =>
      store.verify({ full: typed.flags.on('full'), signal, onProgress: now => progress.report(now) }),
    )
  } finally {
    progress.end()
  }
  if (output.json) output.jsonLine(verifyDocument(report, sameStore(context)))
  else await output.result(verifyLines(report, output.stdoutScreen, sameStore(context)))
  return report.ok ? 0 : exitCodeOf.corrupt
}

function verifyDocument(report: VerifyReport, here: SameStore): object {
  const data = { ...report, damaged: report.damaged.map(one => ({ ...one, createdAt: isoTime(one.createdAt) })) }
  if (report.ok) return document('verify', data, report.recovered.length === 0 ? undefined : { command: here('waymark repair') })
  const { length } = report.problems
  const error = new WaymarkError('corrupt', {
    message: `the store is damaged: ${length} ${length === 1 ? 'problem' : 'problems'}`,
    means: `${report.damaged.length} of ${report.checkpoints} checkpoints cannot be loaded; the others are not affected.`,
    remedy: here('waymark repair'),
  })
  return { ...document('verify', data, { command: here('waymark repair') }), ok: false, error: error.toJSON() }
}
