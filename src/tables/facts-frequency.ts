const dayUs = 86_400e6
const hourUs = 3600e6

export interface Frequency {
  /** `daily`, `business daily`, `monthly`, `1 min`, `irregular` … */
  readonly name: string
  /** Steps that are left out between the first and the last time: days off, nights, or holes. Nothing for `irregular`. */
  readonly missing?: number
}

/**
 * How far apart the times of a column are. Looked at are the different times, in order; fewer than three have no frequency. The first of these rules that holds:
 * 1. `business daily`: all on Monday to Friday at the same time of day, and at least 90 % of the steps go to the next weekday, some over a weekend.
 * 2. All on the same day of their month, or on its last day, or its first or last weekday: `monthly`, `quarterly`, `yearly` or `2 months` …, where at least 90 % of the steps are the most frequent one.
 * 3. At least 90 % of the steps are the most frequent one, and the others whole multiples of it: `daily`, `weekly`, `hourly`, else `15 min`, `30 s` …
 * 4. `irregular`.
 *
 * @param times Microseconds since 1970, any order; for timestamps with a zone in UTC, and where that is `irregular` in local time. Two within a microsecond count as one.
 */
export function frequencyOf(times: Float64Array): Frequency | undefined {
  const different = differentTimes(times)
  const steps = new TimeSteps()
  steps.add(different)
  const frequency = steps.withoutSteps(() => calendarMonths(different))
  if (frequency !== 'steps') return frequency
  const even = steps.evenSteps()
  even.add(different)
  return even.frequency() ?? { name: 'irregular' }
}

/** The first look at different times in their order, which come in parts. */
export class TimeSteps {
  readonly #business = new BusinessDays()
  readonly #usual = new UsualStep()
  #first = 0
  #last = 0
  #count = 0

  add(times: Float64Array): void {
    if (times.length === 0) return
    if (this.#count === 0) this.#first = times[0] ?? 0
    this.#last = times[times.length - 1] ?? 0
    this.#count += times.length
    this.#business.add(times)
    this.#usual.add(times)
  }

  /** Whether they lie so far apart that they can be days of months. */
  get mayBeMonths(): boolean {
    return this.#last - this.#first >= 27 * dayUs * (this.#count - 1)
  }

  /** What rules 1 and 2 say, undefined for fewer than three times; `steps` where it takes a second look. */
  withoutSteps(months: () => Frequency | undefined): Frequency | undefined | 'steps' {
    if (this.#count < 3) return undefined
    return this.#business.frequency() ?? (this.mayBeMonths ? months() : undefined) ?? 'steps'
  }

  /** For the second look. */
  evenSteps(): EvenSteps {
    return new EvenSteps(this.#usual.candidate)
  }
}

/** Each once, in their order. */
export function differentTimes(times: Float64Array): Float64Array {
  let isSorted = true
  for (let at = 1; at < times.length && isSorted; at++) isSorted = (times[at - 1] ?? 0) <= (times[at] ?? 0)
  const sorted = isSorted ? times : times.toSorted()
  let count = 0
  const different = new Float64Array(sorted.length)
  for (let at = 0; at < sorted.length; at++) {
    if (at === 0 || sorted[at] !== sorted[at - 1]) different[count++] = sorted[at] ?? 0
  }
  return different.subarray(0, count)
}

/** Rule 1. */
class BusinessDays {
  #timeOfDay: number | undefined
  #isBusiness = true
  #next = 0
  #overWeekend = 0
  #missing = 0
  #before = 0
  #count = 0

  add(times: Float64Array): void {
    this.#timeOfDay ??= modulo(times[0] ?? 0, dayUs)
    for (let at = 0; at < times.length && this.#isBusiness; at++) {
      const time = times[at] ?? 0
      const day = Math.floor(time / dayUs)
      const weekday = modulo(day + 3, 7)
      if (weekday > 4 || modulo(time, dayUs) !== this.#timeOfDay) {
        this.#isBusiness = false
        return
      }
      const workday = Math.floor((day + 3) / 7) * 5 + weekday
      if (this.#count > 0) {
        if (workday === this.#before + 1) this.#next++
        this.#missing += workday - this.#before - 1
        if (weekday < modulo(this.#before, 5) || workday - this.#before >= 5) this.#overWeekend++
      }
      this.#before = workday
      this.#count++
    }
  }

  frequency(): Frequency | undefined {
    const isDaily = this.#isBusiness && this.#overWeekend > 0 && isMost(this.#next, this.#count - 1)
    return isDaily ? { name: 'business daily', missing: this.#missing } : undefined
  }
}

/** Rule 3, for which the usual step must be known. */
export class EvenSteps {
  readonly #usual: number
  #isEven = true
  #missing = 0
  #usualCount = 0
  #count = 0
  #before = 0

  constructor(usual: number) {
    this.#usual = usual
  }

  add(times: Float64Array): void {
    for (let at = 0; at < times.length && this.#isEven; at++) {
      const time = times[at] ?? 0
      if (this.#count++ > 0) {
        const steps = (time - this.#before) / this.#usual
        if (steps === 1) this.#usualCount++
        if (!Number.isInteger(steps)) this.#isEven = false
        this.#missing += steps - 1
      }
      this.#before = time
    }
  }

  frequency(): Frequency | undefined {
    if (!this.#isEven || !isMost(this.#usualCount, this.#count - 1)) return undefined
    return { name: stepName(this.#usual), missing: this.#missing }
  }
}

/** Rule 2, where they are so far apart. */
export function calendarMonths(times: Float64Array): Frequency | undefined {
  const days = Array.from(times, time => new Date(Math.floor(time / dayUs) * 86_400_000))
  if (days.some(day => Number.isNaN(day.getTime()))) return
  const first = days[0]?.getUTCDate()
  const isRegular =
    days.every(day => day.getUTCDate() === first) || [isLastDay, isFirstWeekday, isLastWeekday].some(rule => days.every(rule))
  const months = Float64Array.from(days, day => day.getUTCFullYear() * 12 + day.getUTCMonth())
  const usual = isRegular ? mostFrequent(months) : undefined
  if (usual === undefined || usual === 0) return
  let missing = 0
  for (let at = 1; at < months.length; at++) {
    const steps = ((months[at] ?? 0) - (months[at - 1] ?? 0)) / usual
    if (!Number.isInteger(steps) || steps === 0) return
    missing += steps - 1
  }
  return { name: { 1: 'monthly', 3: 'quarterly', 12: 'yearly' }[usual] ?? `${usual} months`, missing }
}

function isLastDay(day: Date): boolean {
  return new Date(day.getTime() + 86_400_000).getUTCDate() === 1
}

/** Or the first day of the month that is one. */
function isFirstWeekday(day: Date): boolean {
  const [date, weekday] = [day.getUTCDate(), day.getUTCDay()]
  return weekday !== 0 && weekday !== 6 && (date === 1 || (weekday === 1 && date <= 3))
}

function isLastWeekday(day: Date): boolean {
  const weekday = day.getUTCDay()
  if (weekday === 0 || weekday === 6) return false
  const left = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate() - day.getUTCDate()
  return left === 0 || (weekday === 5 && left <= 2)
}

/** The step that at least 90 % are, if there is one. */
function mostFrequent(times: Float64Array): number | undefined {
  const usual = new UsualStep()
  usual.add(times)
  const { candidate } = usual
  let count = 0
  for (let at = 1; at < times.length; at++) if ((times[at] ?? 0) - (times[at - 1] ?? 0) === candidate) count++
  return isMost(count, times.length - 1) ? candidate : undefined
}

/** The step that more than half of all are, if there is one (R. Boyer and J Moore's vote); else any. */
class UsualStep {
  candidate = 0
  #lead = 0
  #before: number | undefined

  add(times: Float64Array): void {
    for (const time of times) {
      if (this.#before !== undefined) {
        const step = time - this.#before
        if (this.#lead === 0) this.candidate = step
        this.#lead += step === this.candidate ? 1 : -1
      }
      this.#before = time
    }
  }
}

function isMost(count: number, all: number): boolean {
  return count >= 0.9 * all
}

function stepName(step: number): string {
  const named = new Map([
    [7 * dayUs, 'weekly'],
    [dayUs, 'daily'],
    [hourUs, 'hourly'],
  ]).get(step)
  if (named !== undefined) return named
  const units: readonly (readonly [number, string])[] = [
    [dayUs, 'days'],
    [hourUs, 'h'],
    [60e6, 'min'],
    [1e6, 's'],
    [1e3, 'ms'],
    [1, 'us'],
  ]
  const [size, unit] = units.find(([size]) => step % size === 0) ?? [1, 'us']
  return `${step / size} ${unit}`
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
