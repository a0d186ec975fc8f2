/** Numbers as people read them. Every function is pure; none asks for the time or a locale. */

/** `37,210`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 item`, `2 items`. */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`

/** `80 ms`, `18.2 s`, `7 m 02 s`, `6 h 12 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`
  const hours = Math.round(minutes / 60)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** One unit only: `4 s`, `7 m`, `6 h`, `3 d`. */
export function roughDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3570) return `${Math.round(seconds / 60)} m`
  if (seconds < 84_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** What is left of something that has not ended is never nothing. */
export const remaining = (ms: number): string => roughDuration(Math.max(1000, ms))

/** `7 m (6–9)`, or `40 s` where low and high round to the same. */
export function etaRange(eta: { readonly low: number; readonly likely: number; readonly high: number }, dash: string): string {
  const likely = remaining(eta.likely)
  const unit = likely.split(' ')[1]
  const [low, high] = [remaining(eta.low), remaining(eta.high)]
  if (low === high) return likely
  const short = (text: string): string => (text.endsWith(` ${unit}`) ? (text.split(' ')[0] ?? text) : text)
  return `${likely} (${short(low)}${dash}${short(high)})`
}

/** `52/s`, `3.4/s`, `12/min`, `5/h`. */
export function rate(perSecond: number): string {
  if (perSecond >= 9.95) return `${count(perSecond)}/s`
  if (perSecond >= 0.995) return `${perSecond.toFixed(1)}/s`
  if (perSecond * 60 >= 0.995) return `${Math.round(perSecond * 60)}/min`
  return `${Math.round(perSecond * 3600)}/h`
}

/** `512 B`, `62 KB`, `3.9 GB`: powers of 1,000. */
export function bytes(value: number): string {
  if (value < 1000) return `${Math.round(value)} B`
  let amount = value
  for (const unit of ['KB', 'MB', 'GB', 'TB']) {
    amount /= 1000
    if (amount < 999.5 || unit === 'TB') return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${unit}`
  }
  return ''
}

/** `7.9`, `1,204`; undefined where it is hardly smaller. */
export function timesSmaller(before: number, after: number): string | undefined {
  const ratio = after === 0 ? 1 : before / after
  if (ratio < 1.05) return undefined
  return ratio < 9.95 ? ratio.toFixed(1) : count(ratio)
}

/** Rounded down, so that 100 % means all. */
export const percent = (done: number, total: number): number =>
  total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100))

/** Of the items that were called to an end, how many per cent succeeded: `99.8`. Those skipped are neither. Undefined where there are none. */
export function successRate({ done, setAside }: { readonly done: number; readonly setAside: number }): string | undefined {
  if (done + setAside === 0) return undefined
  // Rounded down, so that nothing short of all is 100.
  return String(Math.floor((done / (done + setAside)) * 1000) / 10)
}

/** The same where not every one did; else it goes without saying. */
export const successText = (items: { readonly done: number; readonly setAside: number }): string | undefined =>
  items.setAside === 0 ? undefined : successRate(items)

/** ISO 8601 in UTC, to the second. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

const two = (value: number): string => String(value).padStart(2, '0')
