import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'waymark'
import { seededRandom } from '../src/testing/seeded-random.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const bin = join(project, 'bin/waymark.js')
const pipelineFile = fileURLToPath(new URL('./torture/pipeline.ts', import.meta.url))
const items = 800
/** A run that is killed more often than this is let through, so that every run comes to an end. */
const mostKills = 6

export interface KillOptions {
  /** Processes killed in all. */
  readonly rounds: number
  readonly seed: number
}

/**
 * Kills real processes with SIGKILL at random moments (the child, its supervisor, or both), runs the same command again, and checks after each kill and at the end that nothing recorded was
 * lost, called again, or written twice. Resolves with one line that says what was done.
 */
export async function tortureKill({ rounds, seed }: KillOptions): Promise<string> {
  const killed: Killed = { child: 0, supervisor: 0, both: 0, runs: 0 }
  const share = Math.ceil(rounds / lanes)
  await Promise.all(Array.from({ length: lanes }, (_, lane) => killInLane(share, seed * lanes + lane, killed)))
  const kills = killed.child + killed.supervisor + killed.both
  return `${kills} real kill -9 (${killed.child} child, ${killed.supervisor} supervisor, ${killed.both} both) over ${killed.runs} runs: nothing lost, nothing twice`
}

/** Runs tortured at the same time, each in a folder of its own. */
const lanes = 2

interface Killed {
  child: number
  supervisor: number
  both: number
  runs: number
}

async function killInLane(rounds: number, seed: number, killed: Killed): Promise<void> {
  const random = seededRandom(seed)
  let kills = 0
  for (let run = 0; kills < rounds; run++) {
    const work = new TorturedRun(`seed ${seed}, run ${run}`)
    try {
      for (let tries = 0; tries < mostKills && kills < rounds; tries++) {
        const whom = random.pick(['child', 'supervisor', 'both'] as const)
        if (!(await work.startAndKill(whom, random.integer(250)))) break
        killed[whom]++
        kills++
        await work.checkNothingRecordedCalledAgain()
      }
      await work.finish()
      killed.runs++
    } finally {
      work.remove()
    }
  }
}

class TorturedRun {
  readonly #label: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'waymark-torture-'))
  readonly #recorded = new Map<string, number>()

  constructor(label: string) {
    this.#label = label
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }')
    mkdirSync(join(this.#folder, 'node_modules'))
    symlinkSync(project, join(this.#folder, 'node_modules/waymark'))
    symlinkSync(join(project, 'node_modules/zod'), join(this.#folder, 'node_modules/zod'))
    writeFileSync(join(this.#folder, 'pipeline.ts'), readFileSync(pipelineFile))
    writeFileSync(this.#calls, '')
  }

  get #calls(): string {
    return join(this.#folder, 'calls.log')
  }

  /** False if it ended before the moment came. */
  async startAndKill(whom: 'child' | 'supervisor' | 'both', delayMs: number): Promise<boolean> {
    const supervisor = this.#start()
    const ended = exitOf(supervisor)
    const child = await this.#firstCall(supervisor, ended)
    if (child === undefined) return false
    await Promise.race([ended, new Promise(resolve => setTimeout(resolve, delayMs))])
    if (supervisor.exitCode !== null) return false
    if (whom !== 'supervisor') kill(child)
    if (whom !== 'child' && supervisor.pid !== undefined) kill(supervisor.pid)
    await ended
    // The kill may come when all work is recorded: to run again would begin another run.
    return !(await this.#isCompleted())
  }

  async #isCompleted(): Promise<boolean> {
    const store = await open({ path: join(this.#folder, '.waymark'), create: false })
    const { state } = await store.run('@last')
    await store.close()
    return state === 'completed'
  }

  /** What the log says is recorded was not called by any later attempt. */
  async checkNothingRecordedCalledAgain(): Promise<void> {
    for (const line of this.#callLines()) {
      const [attempt = '', ...what] = line.split(' ')
      const recordedIn = this.#recorded.get(what.join(' '))
      assert.ok(
        recordedIn === undefined || Number(attempt) <= recordedIn,
        `${this.#label}: ${what.join(' ')} was recorded in attempt ${recordedIn} and called again in attempt ${attempt}`,
      )
    }
    await this.#noteRecorded()
  }

  async finish(): Promise<void> {
    if (!(await this.#isCompleted())) {
      const { code, stderr } = await exitOf(this.#start())
      assert.equal(code, 0, `${this.#label}: the last attempt ended with ${code}\n${stderr}`)
    }
    await this.checkNothingRecordedCalledAgain()
    const lines = readFileSync(join(this.#folder, 'out/written.jsonl'), 'utf8').trimEnd().split('\n')
    const numbers = lines.map(line => JSON.parse(line).n).sort((a, b) => a - b)
    assert.deepEqual(
      numbers,
      Array.from({ length: items }, (_, i) => i),
      `${this.#label}: the output is not every item once`,
    )
    const store = await open({ path: join(this.#folder, '.waymark'), create: false })
    const last = await store.run('@last')
    assert.equal(last.state, 'completed', this.#label)
    const result = last.resultId === undefined ? undefined : await store.load(last.resultId)
    assert.deepEqual(result?.value, { sum: items * (items - 1), written: items, stored: items }, this.#label)
    assert.equal((await store.runs()).length, 1, `${this.#label}: an unfinished run was not gone on with`)
    await store.close()
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #start(): ChildProcess {
    const args = [bin, 'run', 'pipeline.ts', '--items', String(items), '--calls', this.#calls]
    return spawn(process.execPath, args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Pid of the child, once the pipeline's function has been called in this attempt. */
  async #firstCall(supervisor: ChildProcess, ended: Promise<unknown>): Promise<number | undefined> {
    const before = this.#callLines().length
    let over = false
    void ended.then(() => {
      over = true
    })
    while (!over) {
      const [child] = readChildren(supervisor.pid)
      if (child !== undefined && this.#callLines().length > before) return child
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return undefined
  }

  async #noteRecorded(): Promise<void> {
    const store = await open({ path: join(this.#folder, '.waymark'), create: false })
    assert.deepEqual(store.notices(), [], this.#label)
    let attempt = 0
    for await (const record of store.events('@last')) {
      if (record.type === 'attempt.started') attempt = record.attempt
      if (record.type === 'stage.done' && record.checkpoint !== undefined) this.#note(callNameOf(record.path), attempt)
      if (record.type !== 'stage.progress') continue
      for (const key of record.keys ?? []) this.#note(`written ${key}`, attempt)
      for (const [from, to] of record.ranges ?? []) for (let i = from; i <= to; i++) this.#note(`stored ${i}`, attempt)
    }
    await store.close()
  }

  #note(what: string, attempt: number): void {
    if (!this.#recorded.has(what)) this.#recorded.set(what, attempt)
  }

  #callLines(): string[] {
    return readFileSync(this.#calls, 'utf8')
      .split('\n')
      .filter(line => line !== '')
  }
}

const callNameOf = (path: string): string => path.replace(/^written\[(\d+)\]\/inner$/, 'inner $1')

function exitOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr += String(chunk)
  })
  child.stdout?.resume()
  return new Promise(resolve => child.on('exit', code => resolve({ code, stderr })))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

function readChildren(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
