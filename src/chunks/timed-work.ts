import type { OperationTimer } from '../model/operation-timer.ts'
import { inlineWorkbench, type Workbench } from './workbench.ts'

/** Work on a bench, measured until it is done; what is done here is done before the promise of it is returned. */
export function timedWork<Value>(
  timer: OperationTimer | undefined,
  operation: 'hash' | 'compress',
  workbench: Workbench,
  work: (onWorked?: (cpuMs: number) => void) => Promise<Value>,
): Promise<Value> {
  if (timer === undefined) return work()
  if (workbench === inlineWorkbench) return timer.atOnce(operation, work)
  return timer.during(operation, () => work(cpuMs => timer.worked(operation, cpuMs)))
}
