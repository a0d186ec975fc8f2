/**
 * What the time of a stage goes to.
 * - `user`: a call of the caller's function is under way, or rows are taken from the table that it returned
 * - `input`: items of a pass are read from where they come from, or a table from where it is stored
 * - `encode`: values are turned into bytes
 * - `chunk`: bytes are cut into chunks, and those found that the store has already
 * - `hash`, `compress`: of the chunks
 * - `output`: what an output does besides writing and syncing files: statements of a database, a callback
 * - `write`, `fsync`: of packs, of the log and of output files; renaming them included
 * - `log`: waiting for a turn in the log, and for what is done there besides writing and syncing
 * - `catalog`: what was saved before is looked up, or records are put into the catalog
 * - `retry`: pauses before a call is repeated; `limit`: those that the error asked for, as a rate limit does
 * - `turn`: others of the process have the thread
 */
export const operations = [
  'user',
  'input',
  'encode',
  'chunk',
  'hash',
  'compress',
  'output',
  'write',
  'fsync',
  'log',
  'catalog',
  'retry',
  'limit',
  'turn',
] as const

export type Operation = (typeof operations)[number]

/**
 * Times as a record holds them: pairs of a number that says which time it is ({@link wallNumber} …) and whole microseconds, both as LEB128. A number may come again: all of them add up, over records and attempts too, so that to
 * add times is to append them. As maps by name they cost 40 µs a stage to encode, as bytes 3.
 */
export type RecordedTimings = Uint8Array

/** In all. */
export const wallNumber = 0
/** While at least one operation was under way. */
export const coveredNumber = 1
/** While it was under way, while another was too, and what the processor worked for it. New operations come last in the list. */
export const operationNumber = (place: number, kind: 'ms' | 'beside' | 'cpu'): number =>
  2 + 3 * place + (kind === 'ms' ? 0 : kind === 'beside' ? 1 : 2)

/** By path of the stage; of the run itself under the empty path. */
export type TimingsByPath = Readonly<Record<string, RecordedTimings>>

/** Where the time of a stage went, over all attempts whose work counts. */
export interface StageTimings {
  /** From the call of a stage until it is recorded, pauses included. 0 where only times beside it are known. */
  readonly wallMs: number
  /** Those that took any time, the longest first. */
  readonly operations: readonly OperationTime[]
  /** Of the wall time, what no operation accounts for. */
  readonly otherMs: number
  /** By so much the times of the operations add up to more than the wall time without `otherMs`: several were under way at once. */
  readonly overlapMs: number
}

export interface OperationTime {
  readonly operation: Operation
  /** While it was under way, once however often at the same time. */
  readonly ms: number
  /** Of the wall time, from 0 to 1. */
  readonly share: number
  /** Of `ms`, while another operation was under way too: threads, or writing behind what is still being read. */
  readonly besideMs: number
  /** What the processor worked for it, on all threads. Undefined where that is not known. */
  readonly cpuMs?: number
}

/** Appends a time to what becomes {@link RecordedTimings}, unless it is nothing. */
export function pushTiming(bytes: number[], number: number, ms: number): void {
  const us = Math.round(ms * 1_000)
  if (us <= 0) return
  pushVarint(bytes, number)
  pushVarint(bytes, us)
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
}

/** Both together. */
export function joinTimings(known: RecordedTimings | undefined, more: RecordedTimings): RecordedTimings {
  if (known === undefined) return more
  const joined = new Uint8Array(known.length + more.length)
  joined.set(known)
  joined.set(more, known.length)
  return joined
}

/** Microseconds by number. */
export type TimingSums = Map<number, number>

/** Adds what is recorded. Bytes that end within a number are left out. */
export function sumTimings(sums: TimingSums, recorded: RecordedTimings): void {
  let number: number | undefined
  let value = 0
  let factor = 1
  for (const byte of recorded) {
    value += (byte & 0x7f) * factor
    factor *= 0x80
    if (byte >= 0x80) continue
    if (number !== undefined) sums.set(number, (sums.get(number) ?? 0) + value)
    number = number === undefined ? value : undefined
    value = 0
    factor = 1
  }
}

/** What they say. Numbers of a newer version are left out, and are part of what is unaccounted for. */
export function stageTimings(sums: TimingSums): StageTimings {
  const msOf = (number: number): number => (sums.get(number) ?? 0) / 1_000
  const wallMs = msOf(wallNumber)
  const coveredMs = Math.min(wallMs, msOf(coveredNumber))
  const found = operations.map((operation, place) => operationTime(operation, place, wallMs, msOf)).filter(({ ms }) => ms > 0)
  const sumMs = found.reduce((sum, { ms }) => sum + ms, 0)
  return {
    wallMs,
    operations: found.sort((a, b) => b.ms - a.ms),
    otherMs: wallMs - coveredMs,
    overlapMs: Math.max(0, sumMs - coveredMs),
  }
}

function operationTime(operation: Operation, place: number, wallMs: number, msOf: (number: number) => number): OperationTime {
  const ms = msOf(operationNumber(place, 'ms'))
  const cpuMs = msOf(operationNumber(place, 'cpu'))
  return {
    operation,
    ms,
    share: wallMs === 0 ? 0 : Math.min(1, ms / wallMs),
    besideMs: msOf(operationNumber(place, 'beside')),
    ...(cpuMs === 0 ? {} : { cpuMs }),
  }
}
