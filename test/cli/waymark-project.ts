import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** How a call of the command line ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** The lines of NDJSON, parsed; fails on anything that is none. */
export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

/** A call of the command line while it runs. */
export class RunningWaymark {
  readonly ended: Promise<Ended>
  readonly #process: ChildProcess
  #stdout = ''
  #stderr = ''
  readonly #watchers = new Set<() => void>()

  constructor(cwd: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#process = spawn(process.execPath, ['--conditions=waymark-source', join(root, 'bin/waymark.js'), ...args], {
      cwd,
      // A process group of its own: what a terminal would signal.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: cwd, LANG: 'C.UTF-8', ...environment },
    })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      for (const look of this.#watchers) look()
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      for (const look of this.#watchers) look()
    })
    this.ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject)
      this.#process.once('close', (code, signal) => resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('it was not started')
    return this.#process.pid
  }

  get output(): string {
    return this.#stdout + this.#stderr
  }

  /** Resolves with the match when the output has it; rejects when the process ends without. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    let stopLooking = () => {}
    const found = new Promise<RegExpExecArray>(resolve => {
      const look = () => {
        const match = pattern.exec(this.output)
        if (match !== null) resolve(match)
      }
      this.#watchers.add(look)
      stopLooking = () => this.#watchers.delete(look)
      look()
    })
    const over = this.ended.then(() => undefined)
    const match = (await Promise.race([found, over])) ?? pattern.exec(this.output)
    stopLooking()
    if (match === null) throw new Error(`it ended without ${pattern}:\n${this.output}`)
    return match
  }

  /** As Ctrl-C does: to the command and the pipeline's process alike. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** What the command writes to stdout from now on meets a closed pipe, as before `| head`. */
  stopReadingStdout(): void {
    this.#process.stdout?.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }
}

/** A project in a temporary folder, in which `waymark` (and `zod`) can be imported by name. */
export class WaymarkProject {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<WaymarkProject> {
    const project = new WaymarkProject(await mkdtemp(join(tmpdir(), 'waymark-cli-')))
    t.after(() => rm(project.path, { recursive: true, force: true }))
    await mkdir(join(project.path, 'node_modules'))
    await symlink(root, join(project.path, 'node_modules/waymark'))
    await symlink(join(root, 'node_modules/zod'), join(project.path, 'node_modules/zod'))
    await project.write('package.json', '{ "type": "module" }')
    for (const [name, text] of Object.entries(files)) await project.write(name, text)
    return project
  }

  async write(name: string, text: string): Promise<void> {
    const file = join(this.path, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }

  remove(name: string): Promise<void> {
    return rm(join(this.path, name))
  }

  read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8')
  }

  /** Lines of a file the pipeline appended to; none if it does not exist. */
  async lines(name: string): Promise<string[]> {
    const text = await this.read(name).catch(() => '')
    return text.split('\n').filter(line => line !== '')
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningWaymark {
    return new RunningWaymark(this.path, args, environment)
  }

  waymark(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended
  }

  /** The data of a command that prints one document. */
  async json(...args: readonly string[]): Promise<Record<string, unknown>> {
    const { stdout } = await this.waymark(...args, '--json')
    return JSON.parse(stdout)
  }
}

/** A pipeline of three stages whose middle one goes item by item; it notes every call in `calls.txt`. */
export const threeStages = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { jsonl, pipeline } from 'waymark'
const here = import.meta.dirname
const note = (text: string) => appendFileSync(here + '/calls.txt', text + '\\n')
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
// While there is a file named hold, items from the number in it on wait: a test can stop the run in the middle however slow the machine is.
const held = (id: number) => existsSync(here + '/hold') && id >= Number(readFileSync(here + '/hold', 'utf8'))

export default pipeline('orders', async (run, params) => {
  const orders = run.stage('extract', () => {
    note('extract')
    return Array.from({ length: Number(params.items ?? 30) }, (_, id) => ({ id }))
  })
  const enriched = await run.each('enrich', orders, async (order: { id: number }) => {
    note('item ' + order.id)
    await pause(Number(params.ms ?? 5))
    while (held(order.id)) await pause(10)
    return { id: order.id, double: order.id * 2 }
  }, { concurrency: 4, output: jsonl('out.jsonl') })
  return run.stage('report', () => {
    note('report')
    return { orders: enriched.done }
  })
}, { stages: ['extract', 'enrich', 'report'] })
`
