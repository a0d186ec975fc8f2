import { inlineWorkbench, type Workbench, type Workbenches } from './workbench.ts'
import { WorkerWorkbench } from './worker-workbench.ts'

/** For saves from here on the way to another thread costs less than it frees this one from. */
const workerFromBytes = 1 << 20

/** Of all stores of the process: to start a thread costs more than most saves. It keeps no process alive. */
const workers = new WorkerWorkbench()

/** Small saves here; large ones on threads of their own, once those have started. */
export const splitWorkbenches: Workbenches = {
  forBytes(bytes: number): Workbench {
    if (bytes < workerFromBytes) return inlineWorkbench
    workers.start()
    return workers.ready ? workers : inlineWorkbench
  },
}
