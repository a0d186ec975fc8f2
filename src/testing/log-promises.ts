import type { StoredRecord } from '../log/log.ts'

/** What the commit log promises, each in the words a broken one is reported with. */
export const logPromises = {
  kept: 'a record is in the history of every later owner, for as long as the durability it was acknowledged with says',
  once: 'a record is in a history at most once',
  ordered: 'the records of a stream keep their order',
  whole: 'the records of one append are all there, or none of them is',
  appended: 'what is in a history was appended to that stream, byte for byte',
  final: 'what a take-over included or excluded stays so for every later owner',
  exclusive: 'a fencing token has one owner',
  readable: 'a record that counts can be read where its position says',
  intact: 'a log that nobody damaged is not called corrupt, nor is any other error made up',
  unrivalled: 'nobody is fenced who has no rival',
  goesOn: 'the log goes on after a failed disk operation',
} as const

export type LogPromise = keyof typeof logPromises

/** A promise of the log was broken: a defect of the log. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
  readonly promise: LogPromise

  constructor(promise: LogPromise, how: string) {
    super(`broken promise "${logPromises[promise]}": ${how}`)
    this.promise = promise
  }
}

/** A record that a simulated process hands to `append`. Its name is unique and the first part of its bytes. */
export interface IssuedRecord {
  readonly name: string
  readonly stream: string
  readonly bytes: Uint8Array
  /** Names of all records of the same append. */
  readonly group: readonly string[]
  /** Grows with each append issued. */
  readonly order: number
}

/** A record as a history or a segment shows it. */
export interface SeenRecord {
  readonly name: string
  readonly token: number
  readonly sequence: number
}

/** How safe something is that was acknowledged. */
export interface Durable {
  /** Number of the disk operation after which it was known to survive a power cut; undefined: it may not, but a kill it does. */
  syncedAt: number | undefined
  /** Whose disk may fail: what it has not synced may be lost without a power cut. */
  readonly fragile: boolean
}

/** Whether it must still be there after a crash right after this operation. */
export const survives = (fact: { readonly operation: number; readonly safety: Durable }, operation: number, powerCut: boolean) =>
  isBinding(fact) && (powerCut ? (fact.safety.syncedAt ?? Number.POSITIVE_INFINITY) : fact.operation) <= operation

/** What the disk after that crash makes of its safety. */
export const safetyAfter = ({ syncedAt, fragile }: Durable, operation: number): Durable => ({
  syncedAt: syncedAt !== undefined && syncedAt <= operation ? 0 : undefined,
  fragile,
})

const isBinding = ({ safety }: { readonly safety: Durable }): boolean => !safety.fragile || safety.syncedAt !== undefined

interface Acknowledged {
  /** Number of the disk operation after which it was known. */
  readonly operation: number
  readonly stream: string
  readonly token: number
  readonly owner: object | undefined
  readonly names: readonly string[]
  readonly safety: Durable
}

interface History {
  readonly operation: number
  readonly stream: string
  readonly token: number
  readonly records: readonly SeenRecord[]
}

/** What the processes on one disk were told by the log; every new word is checked against all that was said before. */
export class LogFacts {
  /** Everything ever issued, on this disk or on the one it was before a crash. */
  readonly #issued: Map<string, IssuedRecord>
  readonly #acknowledged: Acknowledged[]
  readonly #takeOvers: History[]
  /** Histories read without owning the stream, since the last crash. */
  readonly #readings: History[] = []
  #order = 0

  constructor(issued = new Map<string, IssuedRecord>(), acknowledged: Acknowledged[] = [], takeOvers: History[] = []) {
    this.#issued = issued
    this.#acknowledged = acknowledged
    this.#takeOvers = takeOvers
  }

  /** What somebody who only knows the disk after this operation may rely on, for the disk that a crash there leaves. */
  after(operation: number, powerCut: boolean): LogFacts {
    const acknowledged = this.#acknowledged
      .filter(fact => survives(fact, operation, powerCut))
      .map(fact => ({ ...fact, operation: 0, safety: safetyAfter(fact.safety, operation) }))
    const takeOvers = this.#takeOvers.filter(fact => fact.operation <= operation).map(fact => ({ ...fact, operation: 0 }))
    return new LogFacts(this.#issued, acknowledged, takeOvers)
  }

  issue(stream: string, contents: ReadonlyMap<string, Uint8Array>): readonly IssuedRecord[] {
    const order = ++this.#order
    const group = [...contents.keys()]
    const records = Array.from(contents, ([name, bytes]) => ({ name, stream, bytes, group, order }))
    for (const record of records) this.#issued.set(record.name, record)
    return records
  }

  /** Records whose append resolved; `owner` and `token` are those of the stream, undefined and 0 for free records. */
  acknowledge(
    operation: number,
    records: readonly IssuedRecord[],
    owner: object | undefined,
    token: number,
    safety: Durable,
  ): void {
    const stream = records[0]?.stream ?? ''
    const names = records.map(record => record.name)
    if (stream !== '') {
      const other = this.#acknowledged.find(fact => fact.stream === stream && fact.token === token && fact.owner !== owner)
      if (other) throw new BrokenPromise('exclusive', `two owners committed to ${stream} under token ${token}`)
      for (const history of this.#takeOvers) {
        if (history.stream === stream && history.token > token && isBinding({ safety })) checkKept(history, names)
      }
    }
    this.#acknowledged.push({ operation, stream, token, owner, names, safety })
  }

  /** A take-over succeeded with this history. */
  takeOver(operation: number, stream: string, token: number, records: readonly StoredRecord[], lossy = false): void {
    const history = { operation, stream, token, records: this.#check(stream, records) }
    for (const fact of this.#acknowledged) {
      if (fact.stream === stream && fact.token < token && isBinding(fact)) checkKept(history, fact.names)
    }
    for (const other of this.#takeOvers) {
      if (other.stream !== stream) continue
      if (other.token === token) throw new BrokenPromise('exclusive', `two take-overs of ${stream} got token ${token}`)
      if (other.token < token) checkFinal(other, history)
      else checkFinal(history, other)
    }
    if (!lossy) for (const reading of this.#readings) checkPrefix(reading, history)
    this.#takeOvers.push(history)
  }

  /**
   * A history was read without owning the stream; reading began after `from`.
   *
   * @param lossy An owner may find less: a take-over is under way, or a failed sync takes bytes away.
   */
  read(from: number, stream: string, records: readonly StoredRecord[], lossy = false): void {
    const reading = { operation: from, stream, token: Number.POSITIVE_INFINITY, records: this.#check(stream, records) }
    for (const fact of this.#acknowledged) {
      if (fact.stream === stream && fact.operation <= from && isBinding(fact)) checkKept(reading, fact.names)
    }
    for (const history of this.#takeOvers) {
      if (history.stream !== stream) continue
      if (history.operation <= from) checkFinal(history, reading)
      else if (!lossy) checkPrefix(reading, history)
    }
    if (!lossy) this.#readings.push(reading)
  }

  /** All free records that can be read on the disk. */
  seeFree(records: readonly { readonly stream: string; readonly payload: Uint8Array }[]): void {
    const names = new Set<string>()
    for (const record of records) {
      const { name } = this.#issuedAs('', record.payload)
      if (names.has(name)) throw new BrokenPromise('once', `free record ${name} is there twice`)
      names.add(name)
    }
    for (const { group } of [...names].map(name => this.#named(name))) {
      const missing = group.find(name => !names.has(name))
      if (missing !== undefined) throw new BrokenPromise('whole', `free record ${missing} of ${group.join()} is missing`)
    }
    for (const fact of this.#acknowledged) {
      if (fact.stream !== '') continue
      const lost = fact.names.find(name => !names.has(name))
      if (lost !== undefined) throw new BrokenPromise('kept', `acknowledged free record ${lost} is lost`)
    }
  }

  /** Whether anything of the stream was acknowledged or handed to an owner. */
  isKnown(stream: string): boolean {
    return [...this.#acknowledged.filter(isBinding), ...this.#takeOvers].some(fact => fact.stream === stream)
  }

  /** The bytes a record was issued with must be what is read. */
  compare(stream: string, name: string, payload: Uint8Array): void {
    const issued = this.#issuedAs(stream, payload)
    if (issued.name !== name) throw new BrokenPromise('readable', `${issued.name} stands where ${name} should`)
  }

  /** What every history must be by itself. */
  #check(stream: string, records: readonly StoredRecord[]): SeenRecord[] {
    const seen: SeenRecord[] = []
    const names = new Set<string>()
    let last = { order: 0, token: 0, sequence: 0 }
    for (const { token, sequence, payload } of records) {
      const { name, order } = this.#issuedAs(stream, payload)
      if (names.has(name)) throw new BrokenPromise('once', `${name} is twice in ${stream}`)
      names.add(name)
      const follows = token > last.token ? sequence === 1 : token === last.token && sequence === last.sequence + 1
      if (!follows) throw new BrokenPromise('ordered', `${token}/${sequence} of ${stream} follows ${last.token}/${last.sequence}`)
      if (token === last.token && order < last.order) throw new BrokenPromise('ordered', `${name} of ${stream} comes too late`)
      last = { order, token, sequence }
      seen.push({ name, token, sequence })
    }
    for (const { name } of seen) {
      const missing = this.#named(name).group.find(other => !names.has(other))
      if (missing !== undefined) throw new BrokenPromise('whole', `${missing} is not in ${stream}, ${name} of the same append is`)
    }
    return seen
  }

  #issuedAs(stream: string, payload: Uint8Array): IssuedRecord {
    const name = nameIn(payload)
    const issued = this.#issued.get(name)
    if (issued?.stream !== stream || !Buffer.from(issued.bytes).equals(payload)) {
      throw new BrokenPromise(
        'appended',
        `${stream || 'the free stream'} holds ${JSON.stringify(name)}, which nobody appended so`,
      )
    }
    return issued
  }

  #named(name: string): IssuedRecord {
    const issued = this.#issued.get(name)
    if (!issued) throw new BrokenPromise('appended', `nobody appended ${name}`)
    return issued
  }
}

/** The bytes of a record of this name, `length` of them or a few more. */
export function contentOf(name: string, length: number): Uint8Array {
  return Buffer.from(`${name}|${name.repeat(Math.ceil(length / name.length))}`)
}

const nameIn = (payload: Uint8Array): string => Buffer.from(payload).toString('latin1').split('|', 1)[0] ?? ''

function checkKept(history: History, names: readonly string[]): void {
  const lost = names.find(name => !history.records.some(record => record.name === name))
  if (lost === undefined) return
  throw new BrokenPromise(
    'kept',
    `${lost} was acknowledged and is not in what ${nameOf(history)} found: ${namesOf(history.records)}`,
  )
}

/** Everything before the earlier owner is for the later one as it was for the earlier. */
function checkFinal(earlier: History, later: History): void {
  const before = later.records.filter(record => record.token < earlier.token)
  if (namesOf(before) === namesOf(earlier.records)) return
  const found = `${nameOf(earlier)} found ${namesOf(earlier.records)}, ${nameOf(later)} found ${namesOf(later.records)}`
  throw new BrokenPromise('final', found)
}

/** What was read was there before the owner read: it can have found more, not less. */
function checkPrefix(reading: History, owner: History): void {
  if (reading.stream !== owner.stream) return
  const before = reading.records.filter(record => record.token < owner.token)
  if (before.every((record, i) => record.name === owner.records[i]?.name)) return
  throw new BrokenPromise('final', `a reader found ${namesOf(before)}, then ${nameOf(owner)} found ${namesOf(owner.records)}`)
}

const nameOf = (history: History): string =>
  Number.isFinite(history.token) ? `owner ${history.token} of ${history.stream}` : `a reader of ${history.stream}`

const namesOf = (records: readonly SeenRecord[]): string =>
  records.map(({ name, token }) => `${token}:${name}`).join(' ') || 'nothing'
