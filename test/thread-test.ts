import { after, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

/** Notes something in the report, whether the test fails or not. */
export type Diagnose = (message: string) => void

type Work = (diagnose: Diagnose) => Promise<void>

/** What the thread answers; `failure` is the error as text. */
interface Answer {
  readonly number: number
  readonly failure: string | undefined
  readonly notes: readonly string[]
}

const works: Work[] = []
let thread: Worker | undefined

/**
 * A test whose work is done in a second thread of the file's process, one after the other: for work of a million promises. node:test follows
 * every promise of its own thread (an async hook), which is up to a third of the time of such work.
 *
 * The thread loads the file again, so all tests of the file have to be of this kind.
 */
export function threadTest(name: string, work: Work): void {
  const number = works.push(work) - 1
  if (!isMainThread) return
  test(name, async t => {
    thread ??= begunThread()
    const { failure, notes } = await answerOf(thread, number)
    for (const note of notes) t.diagnostic(note)
    if (failure !== undefined) throw new Error(failure)
  })
}

/** A `describe` for such tests. */
export function threadSuite(name: string, declare: () => void): void {
  if (isMainThread) describe(name, declare)
  else declare()
}

function begunThread(): Worker {
  const worker = new Worker(process.argv[1] ?? '')
  return worker.on('exit', () => {
    thread = undefined
  })
}

async function answerOf(worker: Worker, number: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const take = (answer: Answer) => (answer.number === number ? resolve(answer) : undefined)
  const end = () => reject(new Error('the thread ended before the test did'))
  worker.on('message', take).on('error', reject).on('exit', end)
  worker.postMessage(number)
  try {
    return await promise
  } finally {
    worker.off('message', take).off('error', reject).off('exit', end)
  }
}

async function carryOut(number: number): Promise<Answer> {
  const notes: string[] = []
  try {
    const work = works[number]
    if (work === undefined) throw new Error(`the file declares no test ${number} in its thread`)
    await work(message => notes.push(message))
    return { number, failure: undefined, notes }
  } catch (error) {
    return { number, failure: inspect(error), notes }
  }
}

if (isMainThread) after(() => thread?.terminate())
else parentPort?.on('message', async (number: number) => parentPort?.postMessage(await carryOut(number)))
