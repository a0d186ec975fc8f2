import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { EncodedFrame, PackFrame } from '../format/pack-frame.ts'
import { WaymarkError } from '../model/errors.ts'
import { digestBytes } from './chunk-list.ts'
import { postBytes } from './posted-bytes.ts'
import { type DecodeWork, type FrameWork, inlineWorkbench, type Workbench } from './workbench.ts'
import { type BenchAnswer, type BenchTask, decodedFrame, frameTask } from './worker-task.ts'

/** Two saturate what a save can feed: one compresses while the other hashes. */
const mostWorkers = 2
/** The work is done in buffers outside the heap. A small heap is collected quickly, and hashing beside a large one was measured four times slower. */
const workerLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 }

const benchFile = new URL(import.meta.url.endsWith('.ts') ? './bench-worker.ts' : './bench-worker.js', import.meta.url)

interface Waiting {
  /** Undefined: to be done without the thread. */
  resolve(answer: BenchAnswer | undefined): void
  readonly onWorked: ((cpuMs: number) => void) | undefined
  reject(error: unknown): void
}

interface Bench {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
  online: boolean
}

/** The heavy work on threads of its own, which keep no process alive. Where no thread can be started, or what is said to one cannot be understood, it is done here. */
export class WorkerWorkbench implements Workbench {
  #benches: Bench[] = []
  #next = 0
  /** Threads were of no use once: they are not tried again. */
  #isAlone = false
  readonly #file: URL

  /** @param file what a thread runs */
  constructor(file: URL = benchFile) {
    this.#file = file
  }

  /** Begins to start the threads that are not there. */
  start(): void {
    while (!this.#isAlone && this.#benches.length < Math.min(mostWorkers, availableParallelism())) this.#addOne()
  }

  /** Whether there is a thread to take work at once. */
  get ready(): boolean {
    return this.#benches.some(bench => bench.online)
  }

  async digests(chunks: readonly Uint8Array[], onWorked?: (cpuMs: number) => void): Promise<readonly Uint8Array[]> {
    const answer = await this.#ask(() => ({ kind: 'digests', chunks: postBytes(chunks) }), [], onWorked)
    if (answer === undefined) return inlineWorkbench.digests(chunks)
    if (answer.kind !== 'digests') throw lostWorker(answer)
    return chunks.map((_, i) => answer.digests.subarray(i * digestBytes, (i + 1) * digestBytes))
  }

  async frame(work: FrameWork, onWorked?: (cpuMs: number) => void): Promise<EncodedFrame> {
    const answer = await this.#ask(() => frameTask(work), [], onWorked)
    if (answer === undefined) return inlineWorkbench.frame(work)
    if (answer.kind !== 'frame') throw lostWorker(answer)
    return answer.frame
  }

  async decode(work: DecodeWork): Promise<PackFrame> {
    const { pack, entry } = work
    const bytes = ownBuffer(work.bytes)
    const answer = await this.#ask(() => ({ kind: 'decode', pack, entry, bytes }), [bytes.buffer])
    // Bytes that were handed over are gone with the thread: then there is an error, and who reads them again succeeds.
    if (answer === undefined && bytes.buffer.detached) throw lostWorker(new Error('the thread could not answer'))
    if (answer === undefined) return inlineWorkbench.decode({ ...work, bytes })
    if (answer.kind !== 'decoded') throw lostWorker(answer)
    return decodedFrame(answer)
  }

  /** Undefined: no thread can do it. */
  #ask(
    taskOf: () => BenchTask,
    buffers: readonly ArrayBuffer[] = [],
    onWorked?: (cpuMs: number) => void,
  ): Promise<BenchAnswer | undefined> {
    this.start()
    const [first, ...others] = this.#benches
    if (first === undefined) return Promise.resolve(undefined)
    const bench = others.reduce((a, b) => (loadOf(b) < loadOf(a) ? b : a), first)
    const number = this.#next++
    return new Promise((resolve, reject) => {
      bench.waiting.set(number, { resolve, reject, onWorked })
      bench.worker.ref()
      try {
        // To a thread that may never start nothing is handed over.
        bench.worker.postMessage({ number, task: taskOf() }, bench.online ? buffers : [])
      } catch (error) {
        bench.waiting.delete(number)
        if (bench.waiting.size === 0) bench.worker.unref()
        reject(error)
      }
    })
  }

  #addOne(): void {
    try {
      this.#benches.push(this.#startOne())
    } catch {
      this.#isAlone = true
    }
  }

  #startOne(): Bench {
    const worker = new Worker(this.#file, { resourceLimits: workerLimits, name: 'waymark' })
    worker.unref()
    const bench: Bench = { worker, waiting: new Map(), online: false }
    worker.on('message', ({ number, answer, workedMs }: { number: number; answer: BenchAnswer; workedMs: number }) => {
      bench.online = true
      const waiting = bench.waiting.get(number)
      bench.waiting.delete(number)
      if (bench.waiting.size === 0) worker.unref()
      waiting?.onWorked?.(workedMs)
      waiting?.resolve(answer)
    })
    const fail = (error: Error): void => {
      this.#benches = this.#benches.filter(other => other !== bench)
      // One that has never answered will not do so when it is started again: its file or the memory for it is missing.
      if (!bench.online) this.#isAlone = true
      for (const waiting of bench.waiting.values()) {
        if (bench.online) waiting.reject(lostWorker(error))
        else waiting.resolve(undefined)
      }
      bench.waiting.clear()
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('the thread ended')))
    worker.on('messageerror', () => {
      // Nobody knows whose answer it was.
      this.#isAlone = true
      this.#benches = this.#benches.filter(other => other !== bench)
      const waiting = [...bench.waiting.values()]
      bench.waiting.clear()
      for (const one of waiting) one.resolve(undefined)
      void worker.terminate()
    })
    return bench
  }
}

/** A thread that is still starting is the last to be chosen. */
const loadOf = (bench: Bench): number => bench.waiting.size + (bench.online ? 0 : 1_000)

/** A buffer of its own can be handed over; of a view on more, a copy. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && bytes.byteOffset === 0 && bytes.byteLength === buffer.byteLength)
    return new Uint8Array(buffer)
  return new Uint8Array(bytes)
}

/** What went wrong over there, as it would have been thrown here. */
function lostWorker(cause: BenchAnswer | Error): WaymarkError {
  if (!(cause instanceof Error) && cause.kind === 'failed' && cause.error !== undefined) {
    return new WaymarkError(cause.error.code, cause.error)
  }
  return new WaymarkError('internal', {
    message: 'a thread that compresses was lost',
    means: 'Nothing of this was saved or loaded; everything saved before is intact.',
    remedy: 'Try again. If it happens again, report it with the stack below.',
    retryable: true,
    cause,
  })
}
