import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../model/clock.ts'
import type { StoredError } from '../model/records.ts'
import type { ChildOrder, ChildOutcome, FromChild, ToChild } from './child-protocol.ts'
import type { ProcessEnd } from './crash-cause.ts'
import { LineSplitter } from './line-splitter.ts'
import { MemoryWatch } from './memory-watch.ts'

/** Grandchildren may hold the pipes open; their words are not waited for longer than this after the child's end. */
const pipeGraceMs = 500
const stderrTailLength = 16 * 1024

/** What a child tells that others want to know. */
export type ChildReport = Extract<FromChild, { type: 'store' | 'event' | 'described' | 'status' | 'hidden' | 'redact' }>

export interface ChildListeners {
  readonly onMessage: (message: ChildReport) => void
  readonly onLine: (stream: 'stdout' | 'stderr', text: string) => void
}

/** How one process ended: it told its outcome, or died without. */
export type ChildEnd =
  | { readonly kind: 'outcome'; readonly outcome: ChildOutcome }
  | { readonly kind: 'died'; readonly end: ProcessEnd; readonly thrown: StoredError | undefined }

/** The process that runs a pipeline, from its start to its end. */
export class PipelineProcess {
  readonly ended: Promise<ChildEnd>
  readonly #child: ChildProcess
  readonly #memory: MemoryWatch | undefined
  readonly #listeners: ChildListeners
  #outcome: ChildOutcome | undefined
  #dying: Extract<FromChild, { type: 'dying' }> | undefined
  #killedBecause: string | undefined
  #stderrTail = ''

  constructor(order: ChildOrder, listeners: ChildListeners, clock: Clock) {
    this.#listeners = listeners
    this.#child = fork(childEntry, [], {
      execArgv: childOptions(process.execArgv),
      stdio: ['inherit', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    const { pid } = this.#child
    this.#memory = pid === undefined ? undefined : new MemoryWatch(pid, clock)
    this.#child.on('message', (message: FromChild) => this.#receive(message, order))
    this.ended = this.#end(clock)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Finish what is in flight, save, end. */
  stop(): void {
    this.#send({ type: 'stop' })
  }

  /** End now. */
  abort(): void {
    this.#send({ type: 'abort' })
  }

  kill(why: string): void {
    this.#killedBecause = why
    this.#child.kill('SIGKILL')
  }

  #receive(message: FromChild, order: ChildOrder): void {
    switch (message.type) {
      case 'ready':
        this.#send({ type: 'order', order })
        return
      case 'outcome':
        this.#outcome = message.outcome
        return
      case 'dying':
        this.#dying = message
        return
      default:
        this.#listeners.onMessage(message)
    }
  }

  #send(message: ToChild): void {
    // A child that is gone cannot be told anything; its end is handled where it is awaited.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  async #end(clock: Clock): Promise<ChildEnd> {
    const closed = Promise.all([this.#read('stdout'), this.#read('stderr')])
    const { exitCode, signal } = await this.#exited()
    const memoryEvidence = this.#memory?.evidence()
    await Promise.race([closed, new Promise<void>(resolve => clock.after(pipeGraceMs, resolve, { background: true }))])
    if (this.#outcome !== undefined) return { kind: 'outcome', outcome: this.#outcome }
    const end: ProcessEnd = {
      exitCode,
      signal,
      stderrTail: this.#stderrTail,
      memoryEvidence,
      lastWords: this.#dying?.why,
      killedBecause: this.#killedBecause,
    }
    return { kind: 'died', end, thrown: this.#dying?.error }
  }

  /** Resolves when the process has ended and everything it sent has arrived. */
  #exited(): Promise<{ readonly exitCode: number | null; readonly signal: string | null }> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (exitCode, signal) => {
        const done = () => resolve({ exitCode, signal })
        if (child.connected) child.once('disconnect', done)
        else done()
      })
    })
  }

  #read(name: 'stdout' | 'stderr'): Promise<void> {
    const stream = this.#child[name]
    if (stream === null) return Promise.resolve()
    const lines = new LineSplitter(text => this.#listeners.onLine(name, text))
    return new Promise(resolve => {
      stream.on('data', (chunk: Buffer) => {
        if (name === 'stderr') this.#stderrTail = (this.#stderrTail + chunk.toString('latin1')).slice(-stderrTailLength)
        afterMessages(() => lines.write(chunk))
      })
      stream.once('close', () => {
        afterMessages(() => {
          lines.end()
          resolve()
        })
      })
    })
  }
}

/** What the process told before it printed something, such as what is not to be shown of it, has arrived by then: both can be read at once, in any order. */
const afterMessages = setImmediate

const entryName = import.meta.url.endsWith('.ts') ? './child.ts' : './child.js'
const childEntry = fileURLToPath(new URL(entryName, import.meta.url))

/** Of this process's Node options the child gets those that say how modules are found and prepared; not a debugger's port, a test runner's flags … */
function childOptions(options: readonly string[]): string[] {
  const kept: string[] = []
  for (const [i, option] of options.entries()) {
    const [name = '', value] = option.split('=', 2)
    if (!['--import', '--conditions', '-C'].includes(name)) continue
    kept.push(option)
    const next = options[i + 1]
    if (value === undefined && next !== undefined) kept.push(next)
  }
  return kept
}
