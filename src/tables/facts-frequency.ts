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
  if (different.length < 3) return
  return businessDaily(different) ?? calendarMonths(different) ?? evenSteps(different) ?? { name: 'irregular' }
}

function differentTimes(times: Float64Array): Float64Array {
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

function businessDaily(times: Float64Array): Frequency | undefined {
  const timeOfDay = modulo(times[0] ?? 0, dayUs)
  let [next, overWeekend, missing, before] = [0, 0, 0, 0]
  for (let at = 0; at < times.length; at++) {
    const time = times[at] ?? 0
    const day = Math.floor(time / dayUs)
    const weekday = modulo(day + 3, 7)
    if (weekday > 4 || modulo(time, dayUs) !== timeOfDay) return
    const workday = Math.floor((day + 3) / 7) * 5 + weekday
    if (at > 0) {
      if (workday === before + 1) next++
      missing += workday - before - 1
      if (weekday < modulo(before, 5) || workday - before >= 5) overWeekend++
    }
    before = workday
  }
  return overWeekend > 0 && isMost(next, times.length - 1) ? { name: 'business daily', missing } : undefined
}

function evenSteps(times: Float64Array): Frequency | undefined {
  const usual = mostFrequent(times)
  if (usual === undefined) return
  let missing = 0
  for (let at = 1; at < times.length; at++) {
    const steps = ((times[at] ?? 0) - (times[at - 1] ?? 0)) / usual
    if (!Number.isInteger(steps)) return
    missing += steps - 1
  }
  return { name: stepName(usual), missing }
}

function calendarMonths(times: Float64Array): Frequency | undefined {
  const span = (times[times.length - 1] ?? 0) - (times[0] ?? 0)
  if (span < 27 * dayUs * (times.length - 1)) return
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

/** The step that at least 90 % are, if there is one: then it is the one in the middle. */
function mostFrequent(times: Float64Array): number | undefined {
  const steps = new Float64Array(times.length - 1)
  for (let at = 0; at < steps.length; at++) steps[at] = (times[at + 1] ?? 0) - (times[at] ?? 0)
  let [usual, lead] = [0, 0]
  for (const step of steps) {
    if (lead === 0) usual = step
    lead += step === usual ? 1 : -1
  }
  let count = 0
  for (const step of steps) if (step === usual) count++
  return isMost(count, steps.length) ? usual : undefined
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
