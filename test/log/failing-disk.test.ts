import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FileLog } from '../../src/log/file-log.ts'
import type { Ownership } from '../../src/log/log.ts'
import { type ErrorCode, isWaymarkError, WaymarkError } from '../../src/model/errors.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { delaying, type Fault, type FaultyFiles, faultyFiles, kindsHitBy } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { bytes, diskWithStore, logOn, text, texts } from './log-on-disk.ts'

const steps = 16

interface Outcome {
  readonly disk: SimulatedDisk
  readonly files: FaultyFiles
  /** Payloads by stream, in the order they were appended. */
  readonly acknowledged: Record<'given' | 'drawn' | '', string[]>
  readonly refused: Set<string>
  /** The steps in which something was refused, and with what. */
  readonly failedSteps: Map<number, Set<ErrorCode>>
  /** Segment of the newest acknowledged record of the drawn stream. */
  readonly hint: string | undefined
}

/**
 * A process that appends to two streams and to none, alone and together, on a disk that fails; it goes on after every refusal.
 */
async function work(faults: readonly Fault[], seed: number, beforeStep: (step: number) => void = () => {}): Promise<Outcome> {
  const disk = await diskWithStore()
  const files = faultyFiles(disk.process('a'), faults, { disk, random: seededRandom(seed) })
  const log = logOn(files)
  const acknowledged: Outcome['acknowledged'] = { given: [], drawn: [], '': [] }
  const refused = new Set<string>()
  const failedSteps: Outcome['failedSteps'] = new Map()
  let hint: string | undefined
  let step = 0

  const attempt = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      failedSteps.set(step, (failedSteps.get(step) ?? new Set()).add(error.code))
      return undefined
    }
  }
  const append = async (stream: keyof typeof acknowledged, owner: Ownership | undefined): Promise<void> => {
    const payloads = [`${stream}${step}a`, `${stream}${step}b`]
    const positions = await attempt(() => (owner ? log.append(owner, payloads.map(bytes)) : log.appendFree(payloads.map(bytes))))
    if (positions === undefined) {
      for (const payload of payloads) refused.add(payload)
      return
    }
    acknowledged[stream].push(...payloads)
    if (stream === 'drawn') hint = positions[0]?.segment
  }

  const drawn = await log.create('drawn')
  let given: Ownership | undefined
  for (step = 1; step <= steps; step++) {
    beforeStep(step)
    given ??= (await attempt(() => log.takeOver('given')))?.ownership
    const owned = given
    const all = [() => append('drawn', drawn), () => (owned ? append('given', owned) : undefined), () => append('', undefined)]
    // One of them, another, all at once, and so on.
    await Promise.all(all.filter((_, i) => step % 4 === 0 || step % 4 === i + 1).map(act => act()))
  }
  return { disk, files, acknowledged, refused, failedSteps, hint }
}

/**
 * After a power cut, and for a successor on the very disk: what was acknowledged is there once and in order, and besides it only
 * what was refused.
 */
async function assertKept(outcome: Outcome): Promise<void> {
  const { disk, hint } = outcome
  const cut = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
  for (const [name, after] of [
    ['power cut', cut],
    ['take-over', disk],
  ] as const) {
    const log = logOn(after.process('b'))
    const check = (stream: keyof Outcome['acknowledged'], found: readonly string[]) => {
      const kept = found.filter(payload => !outcome.refused.has(payload))
      assert.deepEqual(kept, outcome.acknowledged[stream], `${name}: ${stream || 'free'}`)
      assert.equal(new Set(found).size, found.length)
    }
    check('given', texts((await log.takeOver('given')).history.records))
    if (hint !== undefined) check('drawn', texts((await log.takeOver('drawn', hint)).history.records))
    check('', await freeRecords(log))
  }
}

async function freeRecords(log: FileLog): Promise<string[]> {
  const records = []
  for (const segment of await log.segments()) {
    for (const batch of (await log.tail(segment, 0)).batches) records.push(...batch.records)
  }
  const free = records.filter(record => record.stream === '').map(record => text(record.payload))
  return free.sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b)) || a.localeCompare(b))
}

/** The operation that failed was the last that touched that file, but for closing it. */
function assertAbandoned({ disk, files }: Outcome): void {
  const [failed] = files.failed
  assert.ok(failed)
  if (!failed.path.endsWith('.seg')) return
  const failedAt = disk.operations.findIndex(operation => operation.path === failed.path && operation.error === 'EIO')
  const from =
    failedAt < 0
      ? disk.operations.findLastIndex(operation => operation.path === failed.path && operation.kind === 'write')
      : failedAt
  const later = disk.operations.slice(from + 1).filter(operation => operation.process === 'a' && operation.path === failed.path)
  assert.deepEqual(
    later.filter(operation => operation.kind === 'write' || operation.kind === 'sync').map(operation => operation.kind),
    [],
  )
}

describe('a disk that fails once', () => {
  for (const kind of ['sync', 'syncDirectory'] as const) {
    test(`at any ${kind}: that batch alone is refused, the file never synced again, and the work goes on (R4)`, async () => {
      let hits = 0
      for (let k = 1; k < 40; k++) {
        for (const seed of [1, 2, 3, 4]) {
          const fault: Fault = { when: operation => operation.kind === kind && operation.nthOfKind === k, code: 'EIO' }
          const outcome = await work([fault], seed)
          if (outcome.files.failed.length === 0) continue
          hits++
          assert.deepEqual([...outcome.failedSteps.values()], [new Set(['unavailable'])], `${kind} ${k}`)
          assertAbandoned(outcome)
          await assertKept(outcome)
        }
      }
      assert.ok(hits > 10)
    })
  }

  test('with a full disk at any write, part of it written: disk_full, and the next append goes through (R4)', async () => {
    let hits = 0
    for (let k = 1; k < 40; k++) {
      const fault: Fault = {
        when: operation => operation.kind === 'write' && operation.nthOfKind === k,
        code: 'ENOSPC',
        effect: 'part',
      }
      const outcome = await work([fault], k)
      if (outcome.files.failed.length === 0) continue
      hits++
      // Where it was the content of a claim, nothing is refused: that is only a hint.
      const expected = outcome.files.failed[0]?.path.endsWith('.seg') ? [new Set(['disk_full'])] : []
      assert.deepEqual([...outcome.failedSteps.values()], expected, `write ${k}`)
      assertAbandoned(outcome)
      await assertKept(outcome)
    }
    assert.ok(hits > 10)
  })

  for (const effect of ['nothing', 'all'] as const) {
    test(`at any operation, ${effect === 'all' ? 'though it took effect' : 'without effect'}: at most one step is refused`, async () => {
      let hits = 0
      for (let nth = 1; nth < 200; nth++) {
        const outcome = await work([{ when: operation => operation.nth === nth, code: 'EIO', effect }], nth)
        if (outcome.files.failed.length === 0) break
        hits++
        const codes = [...outcome.failedSteps.values()].map(step => [...step].join())
        assert.ok(codes.length <= 1 && (codes[0] ?? 'unavailable') === 'unavailable', `operation ${nth}: ${codes}`)
        await assertKept(outcome)
      }
      assert.ok(hits > 50, `${hits} hits`)
    })
  }
})

test('a disk that fails again while a stream moves to a new segment fences nobody, and the work goes on', async () => {
  let hits = 0
  for (let k = 2; k < 8; k++) {
    for (let after = 1; after < 25; after++) {
      let failedAt = Number.POSITIVE_INFINITY
      const first: Fault = {
        when: ({ kind, nthOfKind, nth }) => {
          if (kind !== 'sync' || nthOfKind !== k) return false
          failedAt = nth
          return true
        },
        code: 'EIO',
      }
      const second: Fault = { when: ({ nth }) => nth === failedAt + after, code: 'EIO' }
      const outcome = await work([first, second], k * 100 + after)
      if (outcome.files.failed.length < 2) continue
      hits++
      assert.ok(outcome.failedSteps.size <= 2)
      for (const codes of outcome.failedSteps.values())
        assert.deepEqual(codes, new Set(['unavailable']), `sync ${k}, then ${after} later`)
      await assertKept(outcome)
    }
  }
  assert.ok(hits > 50)
})

test('a disk that is full for a time refuses everything meanwhile, and everything goes on once there is room', async () => {
  for (let from = 1; from <= steps - 2; from++) {
    let full = false
    const grows = (kind: string, mode: string | undefined) =>
      mode === 'create' || (kind !== 'open' && kindsHitBy.ENOSPC.some(hit => hit === kind))
    const fault: Fault = {
      when: ({ kind, mode }) => full && grows(kind, mode),
      code: 'ENOSPC',
      lasts: 'whenever',
      effect: 'part',
    }
    const outcome = await work([fault], from, step => {
      full = step >= from && step < from + 2
    })
    assert.deepEqual([...outcome.failedSteps.keys()], [from, from + 1])
    for (const codes of outcome.failedSteps.values()) assert.deepEqual(codes, new Set(['disk_full']))
    await assertKept(outcome)
  }
})

/** A log whose next sync fails when told so, and its process's file system. */
async function logThatFails() {
  const disk = await diskWithStore()
  const state = { failSync: false, failClaim: false }
  const files = faultyFiles(
    disk.process('a'),
    [
      { when: ({ kind }) => state.failSync && kind === 'sync', code: 'EIO', lasts: 'whenever' },
      {
        when: ({ kind, mode, path }) => state.failClaim && kind === 'open' && mode === 'create' && /claims/.test(path),
        code: 'EIO',
        lasts: 'whenever',
      },
    ],
    { disk },
  )
  return { disk, state, files, log: logOn(files) }
}

const isUnavailable = (error: unknown) => isWaymarkError(error, 'unavailable')

test('an owner that could not claim again does not pass over a rival that did meanwhile', async () => {
  const { disk, state, log } = await logThatFails()
  const { ownership } = await log.takeOver('run')
  await log.append(ownership, [bytes('x')])
  state.failSync = true
  await assert.rejects(log.append(ownership, [bytes('y')]), isUnavailable)
  state.failSync = false
  state.failClaim = true
  await assert.rejects(log.append(ownership, [bytes('y')]), isUnavailable)
  state.failClaim = false
  const b = logOn(disk.process('b'))
  const rival = await b.takeOver('run')
  await b.append(rival.ownership, [bytes('z')])
  await assert.rejects(log.append(ownership, [bytes('y')]), error => isWaymarkError(error, 'fenced'))
  assert.equal(texts((await b.history('run')).records).at(-1), 'z')
})

test('a stream that moves takes one token, however many of its appends wait, and is not its own rival', async () => {
  const { state, log } = await logThatFails()
  const { ownership } = await log.takeOver('run')
  await log.append(ownership, [bytes('x')])
  state.failSync = true
  await assert.rejects(log.append(ownership, [bytes('lost')]), isUnavailable)
  state.failSync = false
  await Promise.all(['y', 'z'].map(payload => log.append(ownership, [bytes(payload)])))
  assert.equal(ownership.token, 2)
  assert.equal(await log.isFenced(ownership), false)
  assert.deepEqual(texts((await log.history('run')).records), ['x', 'y', 'z'])
})

test('a take-over whose own segment fails before its ACCEPT claims again for the next one', async () => {
  const { disk, state, files, log: failing } = await logThatFails()
  await failing.close()
  const a = logOn(disk.process('b'))
  const { ownership } = await a.takeOver('run')
  await a.append(ownership, [bytes('x')])
  let fails = true
  const log = logOn(
    delaying(files, ({ kind, path }) => {
      if (!fails || kind !== 'open' || !path.endsWith(`${segment}.seg`)) return undefined
      fails = false
      state.failSync = true
      return assert.rejects(log.appendFree([bytes('free')]), isUnavailable).then(() => {
        state.failSync = false
      })
    }),
  )
  const [segment] = await a.segments()
  const taken = await log.takeOver('run')
  assert.equal(fails, false)
  assert.equal(taken.ownership.token, 3)
  await log.append(taken.ownership, [bytes('y')])
  assert.deepEqual(texts((await logOn(disk.process('c')).takeOver('run')).history.records), ['x', 'y'])
})

test('a take-over copies what it read, not what is there when it writes: a failed sync may take that away in between', async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const disk = await diskWithStore()
    const read = Promise.withResolvers<void>()
    let failing = false
    const fails = faultyFiles(disk.process('a'), [{ when: ({ kind }) => failing && kind === 'sync', code: 'EIO' }], {
      disk,
      random: seededRandom(seed),
    })
    const a = logOn(delaying(fails, ({ kind }) => (failing && kind === 'sync' ? read.promise : undefined)))
    const { ownership } = await a.takeOver('run')
    await a.append(ownership, [bytes('x')])
    failing = true
    const refused = assert.rejects(a.append(ownership, [bytes('y')]), error => isWaymarkError(error, 'unavailable'))
    await setImmediate()
    // Between reading the other's segment and going on, its sync fails.
    const pausing = delaying(disk.process('b'), ({ kind, path, file }) => {
      if (kind !== 'close' || file === undefined || !path.endsWith('.seg')) return undefined
      read.resolve()
      return refused
    })
    const { history } = await logOn(pausing).takeOver('run')
    assert.deepEqual(texts(history.records), ['x', 'y'])
    const cut = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
    assert.deepEqual(texts((await logOn(cut.process('c')).takeOver('run')).history.records), ['x', 'y'])
  }
})
