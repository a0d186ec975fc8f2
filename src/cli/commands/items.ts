import { plainJson } from '../../engine/plain-json.ts'
import { redactionOf } from '../../engine/redaction.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { SetAside, SetAsideEntry } from '../../engine/set-aside-items.ts'
import { noStage, stagesNamed } from '../../engine/set-aside-items.ts'
import type { Store } from '../../engine/store.ts'
import type { ErrorGroup } from '../../model/error-groups.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document, isoTime, itemShape, stageShape } from '../json-shapes.ts'
import { findItem } from '../recorded-item.ts'
import { itemLines, itemsOfGroupLines, itemsOfRunLines, setAsideLines } from '../render/item-lines.ts'
import { shortId } from '../render/run-label.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 20

/** `waymark items ADDRESS` */
export async function itemsCommand(context: Context): Promise<number> {
  const { line: typed } = context
  const { flags } = typed
  const limit = flags.count('limit') ?? defaultLimit
  if (limit === 0) throw wrongUsage('--limit needs at least 1', typed.command)
  const group = flags.text('group')
  const after = flags.text('after')
  return withStore(context, async store => {
    const [address = ''] = typed.arguments
    const { run, stage, item } = await store.resolve(address)
    if (!flags.on('set-aside') && group === undefined && after === undefined) {
      if (item !== undefined && stage !== undefined) return tellItem(context, store, run, stage, item)
      return tellCounts(context, store, run, stage)
    }
    const found = await store.setAside(address, {
      limit,
      ...(group === undefined ? {} : { group }),
      ...(after === undefined ? {} : { after }),
    })
    const redaction = redactionOf(store)
    const items = found.items.map(one => ('payload' in one ? { ...one, payload: redaction.item(one.payload, one.key) } : one))
    return tellSetAside(context, { ...found, items }, run, group)
  })
}

async function tellItem({ output, clock }: Context, store: Store, run: RunSummary, stage: string, key: string): Promise<number> {
  const item = await findItem(store, run.id, stage, key)
  if (output.json) output.jsonLine(document('items', { run: run.id, stage, item: itemShape(item) }))
  else await output.result(itemLines(stage, item, clock.now(), output.stdoutScreen))
  return 0
}

async function tellCounts({ output }: Context, store: Store, run: RunSummary, stage: string | undefined): Promise<number> {
  const all = await store.stages(run.id)
  const named = new Set(
    stagesNamed(
      all.map(({ path }) => path),
      stage,
    ),
  )
  const stages = all.filter(({ path, kind }) => named.has(path) && kind === 'each')
  if (stage !== undefined && named.size === 0) throw noStage(run.id, stage, all)
  const total = stages.reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)
  const id = shortId(run.id)
  const hint = total > 0 ? `waymark items ${id}${stage === undefined ? '' : `/${stage}`} --set-aside` : `waymark show ${id}`
  if (output.json) {
    output.jsonLine(document('items', { run: run.id, stages: stages.map(stageShape), setAside: total }, { command: hint }))
    return 0
  }
  await output.result(itemsOfRunLines(run, stages, total, hint, output.stdoutScreen))
  return 0
}

async function tellSetAside(
  { line: typed, output, clock }: Context,
  found: SetAside,
  run: RunSummary,
  group: string | undefined,
): Promise<number> {
  const hint = hintOf(typed, found, group)
  if (output.json) {
    const { groups, items, next = null, total } = found
    const data = { run: run.id, total, groups: groups.map(groupShape), items: items.map(entryShape), next }
    output.jsonLine(document('items', data, hint))
    return 0
  }
  const { stdoutScreen: screen } = output
  const lines =
    group === undefined
      ? setAsideLines(found, run, clock.now(), typed.flags.count('limit') ?? defaultLimit, screen)
      : itemsOfGroupLines(found, run, clock.now(), screen)
  await output.result(lines)
  if (hint !== undefined && group !== undefined && found.next !== undefined && !output.quiet) {
    const { line } = await import('../render/screen.ts')
    await output.result([line(`more: ${hint.command}`, 'quiet')])
  }
  return 0
}

/** The next page, else what to do about the items. */
function hintOf({ arguments: words, flags }: CommandLine, found: SetAside, group: string | undefined) {
  const [first] = found.groups
  if (first === undefined) return undefined
  if (found.next !== undefined) {
    const given = ['group', 'limit', 'store'].flatMap(name => flags.all(name).flatMap(value => [`--${name}`, value]))
    const aside = flags.on('set-aside') ? ['--set-aside'] : []
    return { command: shellWords(['waymark', 'items', ...words, ...aside, ...given, '--after', found.next]) }
  }
  return {
    command: shellWords(['waymark', 'requeue', ...words, ...(group === undefined ? ['--all'] : ['--group', first.group])]),
  }
}

/** A group as `items`, `report` and `export` print it. */
export const groupShape = ({ firstAt, lastAt, ...group }: ErrorGroup): object => ({
  ...group,
  firstAt: isoTime(firstAt),
  lastAt: isoTime(lastAt),
})

/** An item put away as `items` and `export` print it. */
export const entryShape = ({ at, payload, ...entry }: SetAsideEntry): object => ({
  ...entry,
  at: isoTime(at),
  ...(payload === undefined ? {} : { payload: plainJson(payload).json }),
})
