import type { Context } from './context.ts'
import { paintLine } from './render/paint.ts'
import { progressBar } from './render/progress-bar.ts'
import { bytes, percent } from './render/quantities.ts'
import { type Line, line, span } from './render/screen.ts'
import { isTerminal } from './screen-of.ts'

const redrawEveryMs = 100
const lineEveryMs = 30_000
const barColumns = 30

export interface ByteProgress {
  report(progress: { readonly done: number; readonly total: number }): void
  /** Removes the bar. */
  end(): void
}

/** How far a reading of many bytes is: a bar on a terminal, else a line every 30 seconds, both on stderr. */
export async function byteProgress(context: Context, doing: string): Promise<ByteProgress> {
  const { clock, output, settings, environment } = context
  if (output.json || output.quiet || settings.progress === 'none') return { report: () => {}, end: () => {} }
  const startedAt = clock.monotonicMs()
  let toldAt = startedAt
  const isDue = (everyMs: number): boolean => {
    const now = clock.monotonicMs()
    if (now - toldAt < everyMs) return false
    toldAt = now
    return true
  }
  if (settings.progress === 'plain' || !isTerminal(process.stderr, environment)) {
    return {
      report({ done, total }) {
        if (isDue(lineEveryMs))
          void output.message([line(`${doing} ${percent(done, total)} %, ${bytes(done)} of ${bytes(total)}`)])
      },
      end: () => {},
    }
  }
  const { createLogUpdate } = await import('log-update')
  const draw = createLogUpdate(process.stderr)
  const { glyphs } = output.stderrScreen
  return {
    report({ done, total }) {
      if (done < total && !isDue(redrawEveryMs)) return
      const seconds = (clock.monotonicMs() - startedAt) / 1000
      const speed = seconds >= 0.5 ? `  ${bytes(done / seconds)}/s` : ''
      const drawn: Line = [
        span(`${doing}  `),
        ...progressBar({ reused: 0, done, total }, barColumns, glyphs),
        span(`  ${percent(done, total)} %  ${bytes(done)} of ${bytes(total)}${speed}`),
      ]
      draw(paintLine(drawn, output.stderrScreen))
    },
    end: () => draw.clear(),
  }
}
