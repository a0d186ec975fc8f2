import type { StreamFilter } from '../../engine/query-record-streams.ts'
import type { Store } from '../../engine/store.ts'
import { nearest } from '../../model/did-you-mean.ts'
import { streamOfType } from '../../model/event-types.ts'
import type { StreamEntry } from '../../model/record-stream.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { filterOf } from '../event-filter.ts'
import { eventLine, exitLine } from '../json-shapes.ts'
import { type MeantCommand, type MeantNames, meantNames, meantOf } from '../meant-names.ts'
import { streamEntryShape } from '../record-shapes.ts'
import { redactedEntry } from '../redacted-entries.ts'
import { listedStreamEntry } from '../render/record-stream-lines.ts'
import { line as textLine } from '../render/screen.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'
import { writeEntry } from '../write-entry.ts'

const defaultTail = 50

/** `waymark records [ADDRESS]` */
export async function recordsCommand(context: Context): Promise<number> {
  const { line, clock } = context
  const { flags, command } = line
  const tail = flags.count('tail') ?? defaultTail
  if (flags.text('stream') === '') throw wrongUsage('--stream needs the name of a stream', command)
  return withStore(context, async store => {
    const { run, pipeline, stage, since } = await filterOf(store, line, line.arguments[0], clock.now())
    const stream = flags.text('stream')
    const filter: StreamFilter = {
      ...(run === undefined ? {} : { run }),
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(stage === undefined ? {} : { stage }),
      ...(since === undefined ? {} : { since }),
      ...(stream === undefined ? {} : { stream }),
      superseded: flags.on('superseded'),
    }
    return list(context, store, filter, tail)
  })
}

/** Only the newest are held; with all of them none is. */
async function list(context: Context, store: Store, filter: StreamFilter, tail: number): Promise<number> {
  const { output, clock } = context
  const newest: StreamEntry[] = []
  let found = 0
  for await (const entry of store.eachRecord(filter)) {
    found++
    if (tail === 0) {
      tell(context, entry, filter)
      continue
    }
    newest.push(entry)
    if (newest.length > tail) newest.shift()
  }
  for (const entry of newest) tell(context, entry, filter)
  const meant = found === 0 ? await meantCommand(store, filter, context) : undefined
  const more = tail > 0 && found > tail ? { command: commandFor(context, filter.stream, 0) } : undefined
  if (output.json) output.jsonLine(exitLine(clock.now(), filter.run, 0, undefined, meant?.hint ?? more))
  else if (found === 0) await output.message([textLine(`no entries fit${meant?.text ?? ''}`)])
  else if (more !== undefined && !output.quiet)
    await output.message([textLine(`the newest ${tail} of ${found} that fit; all of them: --tail 0`)])
  return 0
}

function tell({ output }: Context, entry: StreamEntry, filter: StreamFilter): void {
  const shown = redactedEntry(entry, output.redaction)
  if (output.json) output.jsonLine(eventLine(entry.time, entry.run, { type: 'record', ...streamEntryShape(shown) }))
  else writeEntry(output, listedStreamEntry(shown, filter.run === undefined))
}

/** What was meant, where the name of the stream, of the pipeline or of a stage is misspelt. */
async function meantCommand(store: Store, { stream, run }: StreamFilter, context: Context): Promise<MeantCommand> {
  const known = stream === undefined ? [] : (await store.eventTypes()).flatMap(type => streamOfType(type) ?? [])
  const meant = stream === undefined || known.includes(stream) ? undefined : nearest(stream, known)
  const names = await meantNames(store, context.line, run)
  const isSame = meant === undefined && !names.isCorrected
  return meantOf(isSame ? undefined : commandFor(context, meant ?? stream, undefined, names), names)
}

/** The same command with this stream, tail and names. */
function commandFor({ line }: Context, stream: string | undefined, tail: number | undefined, names?: MeantNames): string {
  const { flags } = line
  const words = ['waymark', 'records', ...(names ?? line).arguments]
  if (stream !== undefined) words.push('--stream', stream)
  for (const name of ['pipeline', 'stage', 'since'])
    for (const value of flags.all(name)) words.push(`--${name}`, names?.flags.get(name) ?? value)
  if (flags.on('superseded')) words.push('--superseded')
  if (tail !== undefined) words.push('--tail', String(tail))
  return shellWords(words)
}
