/*
 * How far the time still needed is off after a resume: node bench/eta.ts [traces, default 400]. The same runs for everybody: Waymark's blend; an average that counts reused items as speed, as a
 * progress bar does that is started again without being told; and tqdm's own reckoning (the moving average of its defaults, smoothing 0.3), told where it starts.
 *
 * Most traces are made from a seed: speeds that drift, jump and pause, and that begin slowly (warm-up), as runs over files and services do. bench/eta-traces.json holds three that were recorded on
 * a real machine: files of very different sizes compressed with gzip (4 s, 45 s), texts taken apart and put together (45 s), each in 300 steps, taken here for seconds; they are stopped at many
 * places.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Throughput } from '../src/model/throughput.ts'
import { type SeededRandom, seededRandom } from '../src/testing/seeded-random.ts'
import { median } from './shared/temporary-store.ts'

/** Items finished after each second of work. */
interface Trace {
  readonly finished: readonly number[]
}

type Estimator = (trace: Trace, from: number, now: number) => number | undefined

const last = (trace: Trace): number => trace.finished.at(-1) ?? 0

const gaussian = (random: SeededRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

function seededTrace(random: SeededRandom): Trace {
  const seconds = 200 + random.integer(3_400)
  const mean = 10 ** (random.next() * 4)
  let drift = 0
  let level = 1
  const finished = [0]
  for (let second = 1; second <= seconds; second++) {
    drift = 0.995 * drift + 0.03 * gaussian(random)
    if (random.bool(1 / 600)) level = Math.exp(0.5 * gaussian(random))
    const paused = random.bool(1 / 300) ? 0 : 1
    const speed = mean * level * Math.exp(drift + 0.3 * gaussian(random)) * paused
    finished.push((finished.at(-1) ?? 0) + speed)
  }
  return { finished }
}

/** A process that begins is slow for some seconds: caches, connections, compilation. Work that is left takes that much longer. */
function resumed(trace: Trace, from: number, warmUpSeconds: number): Trace {
  const at = (time: number) => {
    const below = Math.min(Math.floor(time), trace.finished.length - 1)
    const next = trace.finished[below + 1] ?? last(trace)
    return (trace.finished[below] ?? 0) + (next - (trace.finished[below] ?? 0)) * (time - below)
  }
  const finished = trace.finished.slice(0, from + 1)
  let time = from
  for (let second = 1; time < trace.finished.length - 1; second++) {
    time += second <= warmUpSeconds ? 0.3 : 1
    finished.push(at(Math.min(time, trace.finished.length - 1)))
  }
  return { ...trace, finished }
}

const blend: Estimator = (trace, from, now) => {
  const speed = new Throughput(0)
  const begun = trace.finished[from] ?? 0
  // What the log says of the attempts before.
  speed.prior = begun / (from * 1000)
  let estimate: number | undefined
  for (let second = from + 1; second <= now; second++) {
    const finished = trace.finished[second] ?? 0
    estimate = speed.measure((second - from) * 1000, finished - begun, last(trace) - finished).etaMs?.likely
  }
  return estimate === undefined ? undefined : estimate / 1000
}

const countingReused: Estimator = (trace, from, now) => {
  const finished = trace.finished[now] ?? 0
  return finished === 0 ? undefined : (last(trace) - finished) / (finished / (now - from))
}

/** tqdm: an exponential moving average of items and of seconds, corrected for its beginning, and their ratio. */
const movingAverage: Estimator = (trace, from, now) => {
  const smoothing = 0.3
  let items = 0
  let seconds = 0
  for (let second = from + 1; second <= now; second++) {
    const done = (trace.finished[second] ?? 0) - (trace.finished[second - 1] ?? 0)
    // It is only moved on when there is something new.
    if (done === 0) continue
    items = smoothing * done + (1 - smoothing) * items
    seconds = smoothing + (1 - smoothing) * seconds
  }
  return items === 0 ? undefined : (last(trace) - (trace.finished[now] ?? 0)) / (items / seconds)
}

const estimators: Readonly<Record<string, Estimator>> = {
  'waymark: the blend': blend,
  'counting reused items': countingReused,
  'tqdm: moving average': movingAverage,
}

function errorsOf(traces: readonly Trace[], random: SeededRandom): Map<string, number[]> {
  const errors = new Map<string, number[]>(Object.keys(estimators).map(name => [name, []]))
  for (const whole of traces) {
    const from = Math.floor(whole.finished.length * (0.2 + 0.5 * random.next()))
    const trace = resumed(whole, from, random.integer(8))
    const end = trace.finished.length - 1
    for (const after of [5, 15, 30, 60, 120, 300]) {
      const now = from + after
      if (end - now < 20) continue
      const estimates = Object.entries(estimators).map(([name, estimate]) => [name, estimate(trace, from, now)] as const)
      if (estimates.some(([, seconds]) => seconds === undefined)) continue
      for (const [name, seconds = 0] of estimates) errors.get(name)?.push(Math.abs(seconds - (end - now)) / (end - now))
    }
  }
  return errors
}

function print(what: string, errors: ReadonlyMap<string, readonly number[]>): void {
  const own = errors.get('waymark: the blend') ?? []
  for (const [name, list] of errors) {
    const p90 = [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.9)] ?? Number.NaN
    const percent = (share: number) => `${(share * 100).toFixed(0)} %`
    console.log(
      `${what.padEnd(10)} ${name.padEnd(24)} off by ${percent(median(list))} (median), ${percent(p90)} (p90)` +
        ` · ${(median(list) / median(own)).toFixed(2)}x the blend, of ${list.length}`,
    )
  }
}

const random = seededRandom(20_261_121)
const count = Number(process.argv[2] ?? 400)
print(
  'seeded',
  errorsOf(
    Array.from({ length: count }, () => seededTrace(random)),
    random,
  ),
)
const recorded: Trace[] = JSON.parse(readFileSync(join(import.meta.dirname, 'eta-traces.json'), 'utf8'))
print('recorded', errorsOf(Array.from({ length: 100 }, () => recorded).flat(), random))
