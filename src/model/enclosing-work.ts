import type { RecordedRun } from './recorded-run.ts'
import { type ScopePath, unescapeKey } from './scope.ts'

/**
 * The stage or item around a stage that is finished, so that nothing inside it is called again; undefined where there is none. An item that was set aside is finished until it is requeued.
 */
export function finishedAround({ stages }: RecordedRun, path: ScopePath): ScopePath | undefined {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const around = path.slice(0, at)
    const stage = stages.get(around)
    if (stage?.state === 'completed') return around
    const [, name = '', text = ''] = /^(.*)\[([^[\]]*)\]$/s.exec(around) ?? []
    const pass = stage === undefined ? stages.get(name) : undefined
    if (pass === undefined) continue
    const key = unescapeKey(text)
    if (pass.keys.has(key) || (/^\d{1,15}$/.test(key) && pass.completed.has(Number(key)))) return around
  }
  return undefined
}
