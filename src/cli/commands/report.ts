import type { RunReport } from '../../engine/run-report.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document, isoTime, runShape } from '../json-shapes.ts'
import { streamSummaryShape } from '../record-shapes.ts'
import { redactedSummaries } from '../redacted-entries.ts'
import { nextActions } from '../render/next-action.ts'
import type { ReportContent } from '../render/report-content.ts'
import { reportLines, reportMarkdown } from '../render/report-lines.ts'
import { itemsOf, overviewReport, type ReportedRun, setAsideOf } from '../render/report-overview.ts'
import { runReport } from '../render/report-run.ts'
import { shortId } from '../render/run-label.ts'
import { needsAttention } from '../render/run-list.ts'
import { type Glyphs, unicodeGlyphs } from '../render/screen.ts'
import { timeSpan } from '../time-span.ts'
import { withStore } from '../with-store.ts'
import { groupShape } from './items.ts'

const defaultSince = '24h'
const defaultSinceMs = 86_400_000
const pageSize = 500

/** `waymark report [ADDRESS]` */
export async function reportCommand(context: Context): Promise<number> {
  const { line: typed } = context
  const { flags, arguments: words, command } = typed
  const [address] = words
  const since = flags.text('since')
  if (address !== undefined && (flags.on('pipeline') || since !== undefined))
    throw wrongUsage('a report is of one run, or of those that --pipeline and --since name', command)
  const sinceMs = since === undefined ? undefined : timeSpan(since, 'since', command)
  return withStore(context, async store => {
    if (address !== undefined) return reportOne(context, store, address)
    return reportSeveral(context, store, flags.text('pipeline'), sinceMs)
  })
}

const isJson = ({ output, line: { flags } }: Context): boolean => output.json || flags.text('format') === 'json'

/** Prints it as `--format` says. */
async function print({ output, line: { flags }, clock }: Context, content: ReportContent): Promise<void> {
  const { stdoutScreen } = output
  const format = flags.text('format')
  if (format === 'html') {
    const { reportPage } = await import('../render/report-page.ts')
    output.document(reportPage(content, clock.now()))
  } else await output.result(format === 'md' ? reportMarkdown(content, stdoutScreen) : reportLines(content, stdoutScreen))
}

async function reportOne(context: Context, store: Store, address: string): Promise<number> {
  const { output, clock } = context
  const { run } = await store.resolve(address)
  const report = await store.report(run.id)
  const records = redactedSummaries(await store.recordSummary(run.id), output.redaction)
  if (isJson(context)) {
    const command = needsAttention(run) ? goesOnWith(run, clock.now()) : `waymark show ${shortId(run.id)}`
    output.jsonLine(
      document(
        'report',
        { ...reportShape(run, report), ...(records.length === 0 ? {} : { records: records.map(streamSummaryShape) }) },
        command === undefined ? undefined : { command },
      ),
    )
    return 0
  }
  await print(context, runReport(run, report, clock.now(), glyphsFor(context), records))
  return 0
}

/** A page has the signs, whatever the terminal can show. */
const glyphsFor = ({ output, line: { flags } }: Context): Glyphs =>
  flags.text('format') === 'html' ? unicodeGlyphs : output.stdoutScreen.glyphs

/** The command that does; a program of the user's own is none. */
function goesOnWith(run: RunSummary, now: number): string | undefined {
  const [next] = nextActions(run, { staleAfterMs: Number.POSITIVE_INFINITY, now })
  return next?.startsWith('waymark ') === true ? next : undefined
}

/** A report as `report` and `export` print it. */
export function reportShape(
  run: RunSummary,
  { attempts, setAside, run: _run, pipeline: _pipeline, ...report }: RunReport,
): object {
  return {
    run: runShape(run),
    ...report,
    attempts: attempts.map(({ startedAt, endedAt, ...attempt }) => ({
      ...attempt,
      startedAt: isoTime(startedAt),
      endedAt: isoTime(endedAt),
    })),
    setAside: setAside.map(groupShape),
  }
}

async function reportSeveral(
  context: Context,
  store: Store,
  pipeline: string | undefined,
  sinceMs: number | undefined,
): Promise<number> {
  const { output, clock, line: typed } = context
  const since = typed.flags.text('since')
  const now = clock.now()
  // Of one pipeline all there is, unless a time is given.
  const spanMs = sinceMs ?? (pipeline === undefined ? defaultSinceMs : undefined)
  const runs = await runsSince(store, pipeline, spanMs === undefined ? Number.NEGATIVE_INFINITY : now - spanMs)
  if (runs.length === 0 && pipeline !== undefined) await store.resolve(`${pipeline}@last`)
  const reported: ReportedRun[] = []
  for (const run of runs) reported.push({ run, stages: await store.stages(run.id) })
  const span = since ?? (spanMs === undefined ? undefined : defaultSince)
  const title = `${pipeline ?? 'all pipelines'}${span === undefined ? '' : `, last ${span}`}`
  if (isJson(context)) {
    const [needy] = runs.filter(needsAttention)
    const data = {
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(spanMs === undefined ? {} : { since: isoTime(now - spanMs) }),
      runs: reported.map(one => ({ ...runShape(one.run), setAside: setAsideOf(one), items: itemsOf(one) })),
    }
    const command = needy && goesOnWith(needy, now)
    output.jsonLine(document('report', data, command === undefined ? undefined : { command }))
    return 0
  }
  await print(context, overviewReport(title, reported, now))
  return 0
}

/** Those that something was recorded of since then. */
async function runsSince(store: Store, pipeline: string | undefined, since: number): Promise<readonly RunSummary[]> {
  const runs: RunSummary[] = []
  const query = { limit: pageSize, ...(pipeline === undefined ? {} : { pipeline }) }
  for (let page = await store.runs(query); ; ) {
    runs.push(...page.filter(({ updatedAt }) => updatedAt >= since))
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return runs
    page = await store.runs({ ...query, after: { createdAt: last.createdAt, id: last.id } })
  }
}
