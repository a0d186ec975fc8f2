import { parentPort } from 'node:worker_threads'
import { systemClock } from '../model/clock.ts'
import { answerTask, type BenchAnswer, type BenchTask } from './worker-task.ts'

/** The thread behind {@link WorkerWorkbench}. */
parentPort?.on('message', ({ number, task }: { number: number; task: BenchTask }) => {
  const beganMs = systemClock.monotonicMs()
  const answer = answerTask(task)
  parentPort?.postMessage({ number, answer, workedMs: systemClock.monotonicMs() - beganMs }, buffersOf(answer))
})

// The first message says that the thread is there.
parentPort?.postMessage({ number: -1, answer: { kind: 'failed', message: 'no task' }, workedMs: 0 })

/** What is handed over instead of copied. */
function buffersOf(answer: BenchAnswer): ArrayBuffer[] {
  switch (answer.kind) {
    case 'digests':
      return [answer.digests.buffer]
    case 'frame':
      return [answer.frame.bytes.buffer]
    case 'decoded':
      return [answer.buffer, answer.digests.buffer]
    default:
      return []
  }
}
