import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { fromSources } from '../from-sources.ts'

const script = fileURLToPath(new URL('./fixtures/load-table.ts', import.meta.url))

export interface Loading {
  readonly folder: string
  readonly kind: 'sqlite' | 'postgres'
  /** A path or a connection string. */
  readonly place: string
  readonly items: number
}

interface Ended {
  readonly killed: boolean
  readonly said: string
}

/** One attempt in a process of its own; with `killAtCall` it is killed soon after that many calls. */
async function attempt(
  { folder, kind, place, items }: Loading,
  how: { readonly crash?: number; readonly killAtCall?: number },
): Promise<Ended> {
  const child = spawn(process.execPath, [...fromSources, script, folder, kind, place, String(items), String(how.crash ?? 0)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const before = callsOf(folder).length
  const watch = setInterval(() => {
    if (how.killAtCall !== undefined && callsOf(folder).length - before >= how.killAtCall) child.kill('SIGKILL')
  }, 3)
  try {
    const signal = await new Promise<string | null>(resolve => child.once('close', (_, by) => resolve(by)))
    return { killed: signal === 'SIGKILL', said }
  } finally {
    clearInterval(watch)
  }
}

export function callsOf(folder: string): readonly number[] {
  const path = join(folder, 'calls')
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').map(Number) : []
}

/** Kills the process again and again at random moments until it is done; returns how often. */
export async function killUntilDone(loading: Loading, seed: number, mostKills: number): Promise<number> {
  const random = seededRandom(seed)
  for (let kills = 0; ; kills++) {
    const killAtCall = kills < mostKills ? 1 + random.integer(Math.ceil(loading.items / 5)) : undefined
    const { killed, said } = await attempt(loading, killAtCall === undefined ? {} : { killAtCall })
    if (killed) continue
    assert.match(said, /^done /)
    return kills
  }
}

/** Dies after a commit of rows, before the log hears of it; then goes on. Returns the items called in each attempt. */
export async function crashBetween(
  loading: Loading,
  commit: number,
): Promise<readonly [before: readonly number[], after: readonly number[]]> {
  const first = await attempt(loading, { crash: commit })
  assert.ok(first.killed, first.said)
  const before = callsOf(loading.folder)
  const second = await attempt(loading, {})
  assert.match(second.said, /^done /)
  return [before, callsOf(loading.folder).slice(before.length)]
}

/** Every number once. */
export function checkLoaded(rows: readonly unknown[], items: number): void {
  const numbers = rows.map(Number).sort((a, b) => a - b)
  assert.deepEqual(
    numbers,
    Array.from({ length: items }, (_, n) => n),
  )
}
