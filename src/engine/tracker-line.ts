import type { TrackerProgress } from './tracker-progress.ts'

/** One line of progress: `rows: 4,120 of 10,000 (41.2 %), 3 skipped, 1 failed, 52.1/s, 1m 34s to 2m 10s left`. */
export function trackerLine(stage: string, progress: TrackerProgress): string {
  const { done, skipped, failed, total, itemsPerSecond, etaMs } = progress
  const finished = done + skipped + failed
  const share = total === undefined || total === 0 ? '' : ` of ${count(total)} (${((100 * finished) / total).toFixed(1)} %)`
  const parts = [`${stage}: ${count(finished)}${share}`]
  if (skipped > 0) parts.push(`${count(skipped)} skipped`)
  if (failed > 0) parts.push(`${count(failed)} failed`)
  if (itemsPerSecond !== undefined) parts.push(`${rate(itemsPerSecond)}/s`)
  if (etaMs !== undefined && finished !== total) parts.push(`${range(duration(etaMs.low), duration(etaMs.high))} left`)
  return parts.join(', ')
}

const range = (low: string, high: string): string => (low === high ? `about ${low}` : `${low} to ${high}`)
const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')
const rate = (perSecond: number): string => (perSecond < 100 ? perSecond.toFixed(1) : count(Math.round(perSecond)))

function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`
  return `${count(Math.floor(minutes / 60))}h ${minutes % 60}m`
}
