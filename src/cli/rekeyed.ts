import type { RekeyReport } from '../engine/rekey-report.ts'
import { byteProgress } from './byte-progress.ts'
import type { Context } from './context.ts'
import { withStore } from './with-store.ts'

/** Seals a store anew, and shows how far it is. Stopped, the next one goes on. */
export async function rekeyed(context: Context, signal: AbortSignal): Promise<RekeyReport> {
  const progress = await byteProgress(context, 'sealing')
  try {
    return await withStore(context, store => store.rekey({ signal, onProgress: now => progress.report(now) }))
  } finally {
    progress.end()
  }
}
