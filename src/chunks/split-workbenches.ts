import { inlineWorkbench, type Workbench, type Workbenches } from './workbench.ts'
import { WorkerWorkbench } from './worker-workbench.ts'

/** For saves from here on the way to another thread costs less than it frees this one from. */
const workerFromBytes = 1 << 20

/** Small saves here, large ones on threads of their own. */
export class SplitWorkbenches implements Workbenches {
  readonly #workers = new WorkerWorkbench()

  forBytes(bytes: number): Workbench {
    return bytes < workerFromBytes ? inlineWorkbench : this.#workers
  }

  close(): Promise<void> {
    return this.#workers.close()
  }
}
