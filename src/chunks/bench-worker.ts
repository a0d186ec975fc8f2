import { parentPort } from 'node:worker_threads'
import { answerTask, type BenchTask } from './worker-task.ts'

/** The thread behind {@link WorkerWorkbench}. */
parentPort?.on('message', ({ number, task }: { number: number; task: BenchTask }) => {
  const answer = answerTask(task)
  const buffers = answer.kind === 'digests' ? [answer.digests.buffer] : answer.kind === 'frame' ? [answer.frame.bytes.buffer] : []
  parentPort?.postMessage({ number, answer }, buffers)
})

// The first message says that the thread is there.
parentPort?.postMessage({ number: -1, answer: { kind: 'failed', message: 'no task' } })
