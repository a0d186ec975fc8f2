import type { Context } from './context.ts'
import { redactingReporter } from './redacting-reporter.ts'
import type { RunReporter } from './run-reporter.ts'
import { isTerminal } from './screen-of.ts'

/** Who tells of a run as the user asked for: JSON, a live area, or lines. */
export async function reporterFor(context: Context): Promise<RunReporter> {
  return redactingReporter(await reporterOn(context), context.output)
}

async function reporterOn({ line, output, settings, environment, clock }: Context): Promise<RunReporter> {
  if (output.json) return new (await import('./json-reporter.ts')).JsonReporter(output, clock)
  const draws = settings.progress === 'auto' && !output.quiet && isTerminal(process.stderr, environment)
  if (draws) return new (await import('./live-reporter.ts')).LiveReporter(output, clock)
  const speaks = settings.progress !== 'none' && !output.quiet
  const { PlainReporter } = await import('./plain-reporter.ts')
  return new PlainReporter(output, clock, { speaks, every: line.flags.count('every') })
}
