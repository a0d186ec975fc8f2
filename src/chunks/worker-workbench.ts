import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { EncodedFrame } from '../format/pack-frame.ts'
import { WaymarkError } from '../model/errors.ts'
import { digestBytes } from './chunk-list.ts'
import type { FrameWork, Workbench } from './workbench.ts'
import { type BenchAnswer, type BenchTask, frameTask } from './worker-task.ts'

/** Two saturate what a save can feed: one compresses while the other hashes. */
const mostWorkers = 2
/** The work is done in buffers outside the heap. A small heap is collected quickly, and hashing beside a large one was measured four times slower. */
const workerHeapMb = 64

interface Waiting {
  resolve(answer: BenchAnswer): void
  reject(error: unknown): void
}

interface Bench {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

/** The heavy work on threads of its own. They are started with the first task, keep no process alive, and end with {@link WorkerWorkbench.close}. */
export class WorkerWorkbench implements Workbench {
  #benches: Bench[] = []
  #next = 0

  async digests(chunks: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const answer = await this.#ask({ kind: 'digests', chunks: chunks.map(shareable) })
    if (answer.kind !== 'digests') throw lostWorker(answer)
    return chunks.map((_, i) => answer.digests.subarray(i * digestBytes, (i + 1) * digestBytes))
  }

  async frame(work: FrameWork): Promise<EncodedFrame> {
    const answer = await this.#ask(frameTask(work, shareable))
    if (answer.kind !== 'frame') throw lostWorker(answer)
    return answer.frame
  }

  async close(): Promise<void> {
    const benches = this.#benches
    this.#benches = []
    await Promise.all(benches.map(bench => bench.worker.terminate()))
  }

  #ask(task: BenchTask): Promise<BenchAnswer> {
    const bench = this.#idlest()
    const number = this.#next++
    return new Promise((resolve, reject) => {
      bench.waiting.set(number, { resolve, reject })
      bench.worker.ref()
      bench.worker.postMessage({ number, task })
    })
  }

  #idlest(): Bench {
    const idle = this.#benches.find(bench => bench.waiting.size === 0)
    if (idle !== undefined) return idle
    if (this.#benches.length < Math.min(mostWorkers, availableParallelism())) return this.#start()
    return this.#benches.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a))
  }

  #start(): Bench {
    const url = new URL(import.meta.url.endsWith('.ts') ? './bench-worker.ts' : './bench-worker.js', import.meta.url)
    const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: workerHeapMb }, name: 'waymark' })
    worker.unref()
    const bench: Bench = { worker, waiting: new Map() }
    worker.on('message', ({ number, answer }: { number: number; answer: BenchAnswer }) => {
      const waiting = bench.waiting.get(number)
      bench.waiting.delete(number)
      if (bench.waiting.size === 0) worker.unref()
      waiting?.resolve(answer)
    })
    const fail = (error: unknown): void => {
      this.#benches = this.#benches.filter(other => other !== bench)
      for (const waiting of bench.waiting.values()) waiting.reject(lostWorker(error))
      bench.waiting.clear()
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('the thread ended')))
    this.#benches.push(bench)
    return bench
  }
}

/** Only shared memory goes to another thread without a copy; of other memory the whole buffer would, however small the view. */
function shareable(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? bytes : bytes.slice()
}

function lostWorker(cause: unknown): WaymarkError {
  return new WaymarkError('internal', {
    message: 'a thread that compresses was lost',
    means: 'This state was not saved; everything saved before is intact.',
    remedy: 'Save again. If it happens again, report it with the stack below.',
    retryable: true,
    cause,
  })
}
