import type { Requeued, RequeueOptions } from '../../engine/requeue-items.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { WaymarkError } from '../../model/errors.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { eventLine, exitLine } from '../json-shapes.ts'
import { checkPipelineFile } from '../pipeline-path.ts'
import { counted } from '../render/quantities.ts'
import { nothingRequeuedLines, requeuedLines } from '../render/requeue-lines.ts'
import { shortId } from '../render/run-label.ts'
import { runFile } from '../run-file.ts'
import { runPipeline } from '../run-pipeline.ts'
import { shellWords } from '../shell-words.ts'
import { type StoreChoice, shown } from '../store-choice.ts'
import { withStore } from '../with-store.ts'
import { groupShape } from './items.ts'

/** `waymark requeue ADDRESS` */
export async function requeueCommand(context: Context): Promise<number> {
  const { flags } = context.line
  const {
    run,
    store,
    requeued,
    file,
    waiting = 0,
  } = await withStore(context, async (opened, choice) => {
    const [address = ''] = context.line.arguments
    const { run } = await opened.resolve(address)
    const selection = selectionOf(context)
    const planned = await opened.requeue(address, { ...(selection ?? { all: true }), plan: true })
    if (planned.total === 0) {
      const waiting = (await opened.stages(run.id)).reduce((sum, stage) => sum + (stage.requeued ?? 0), 0)
      const goesOn = waiting > 0 && run.state !== 'completed' && !flags.on('plan') && !flags.on('no-run')
      return { run, store: choice, requeued: undefined, waiting, file: goesOn ? checkedFile(run, choice) : undefined }
    }
    if (selection === undefined) throw noSelection(context, planned.total)
    if (flags.on('plan')) return { run, store: choice, requeued: planned, file: undefined }
    // Before anything is marked: of a run that cannot go on the items would be neither set aside nor called.
    const file = flags.on('no-run') ? undefined : checkedFile(run, choice)
    return { run, store: choice, requeued: await opened.requeue(address, selection), file }
  })
  if (requeued !== undefined) await tell(context, run, requeued)
  else if (file === undefined) return nothingSetAside(context, run, waiting)
  if (file === undefined) return 0
  return runPipeline(context, {
    file,
    shownFile: shown(file),
    store,
    params: { input: run.params },
    fresh: false,
    runId: run.id,
    resumePaused: true,
  })
}

function checkedFile(run: RunSummary, store: StoreChoice): string {
  const file = runFile(run, store, 'requeue it with --no-run')
  checkPipelineFile(file, shown(file))
  return file
}

function selectionOf({ line: { flags, command } }: Context): RequeueOptions | undefined {
  const keys = flags.all('key')
  const group = flags.text('group')
  const given = [keys.length > 0 ? '--key' : '', group === undefined ? '' : '--group', flags.on('all') ? '--all' : '']
  const named = given.filter(one => one !== '')
  if (named.length > 1) throw wrongUsage(`${named.join(' and ')} exclude each other`, command)
  if (group !== undefined) return { group }
  if (keys.length > 0) return { keys }
  return flags.on('all') ? { all: true } : undefined
}

const noSelection = ({ line: { command } }: Context, total: number): WaymarkError =>
  wrongUsage(`${counted(total, 'item is', 'items are')} set aside; say which: --key KEY, --group GROUP or --all`, command)

async function nothingSetAside({ output, clock }: Context, run: RunSummary, waiting: number): Promise<number> {
  const more =
    waiting === 0
      ? ''
      : `; ${counted(waiting, 'item is', 'items are')} requeued already and wait: waymark resume ${shortId(run.id)}`
  if (!output.json) {
    await output.result(nothingRequeuedLines(run, more))
    return 0
  }
  const notice = { type: 'notice', message: `nothing is set aside in run ${run.id}: nothing is called again${more}` }
  output.jsonLine(eventLine(clock.now(), run.id, notice))
  output.jsonLine(exitLine(clock.now(), run.id, 0, undefined, { command: `waymark show ${shortId(run.id)}` }))
  return 0
}

/** Says what was marked. With `--plan` and `--no-run` this is all there is to say. */
async function tell(context: Context, run: RunSummary, requeued: Requeued): Promise<void> {
  const { output, clock, line: typed } = context
  const last = typed.flags.on('plan') || typed.flags.on('no-run')
  if (output.json) {
    const { groups, run: _run, ...rest } = requeued
    const event = { type: 'requeued', ...rest, groups: groups.map(groupShape) }
    output.jsonLine(eventLine(clock.now(), run.id, event))
    if (last) output.jsonLine(exitLine(clock.now(), run.id, 0, undefined, { command: nextOf(context, run, requeued) }))
    return
  }
  const lines = requeuedLines(requeued, run, last ? nextOf(context, run, requeued) : undefined, output.stdoutScreen)
  if (last) await output.result(lines)
  else if (!output.quiet) await output.message(lines)
}

function nextOf({ line: { arguments: words, flags } }: Context, run: RunSummary, { planned }: Requeued): string {
  if (!planned) return `waymark resume ${shortId(run.id)}`
  const given = ['key', 'group', 'redo'].flatMap(name => flags.all(name).flatMap(value => [`--${name}`, value]))
  return shellWords(['waymark', 'requeue', ...words, ...given, ...(flags.on('all') ? ['--all'] : [])])
}
