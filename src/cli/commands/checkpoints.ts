import type { CheckpointInfo } from '../../engine/checkpoint-info.ts'
import type { ListOptions } from '../../engine/list-checkpoints.ts'
import type { Store } from '../../engine/store.ts'
import type { SortOption } from '../../model/checkpoint-sort.ts'
import { type CheckpointStatus, checkpointStatuses } from '../../model/checkpoint-status.ts'
import { isWaymarkError } from '../../model/errors.ts'
import { type CheckpointPlace, placeAt } from '../checkpoint-place.ts'
import { sortOf, whereOf } from '../checkpoint-where.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { checkpointInfoShape, document } from '../json-shapes.ts'
import { type CheckpointList, checkpointListEnd, checkpointTable } from '../render/checkpoint-list.ts'
import { noticeLines } from '../render/notice-lines.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 20

interface Page {
  readonly checkpoints: readonly CheckpointInfo[]
  readonly total: number
  readonly place: CheckpointPlace
  /** Place of the last, where there are more. */
  readonly next: string | undefined
  readonly notices: readonly string[]
}

/** `waymark checkpoints` */
export async function checkpointsCommand(context: Context): Promise<number> {
  const { line: typed, output, clock } = context
  const limit = typed.flags.count('limit') ?? defaultLimit
  if (limit === 0) throw wrongUsage('--limit needs at least 1', typed.command)
  const options = optionsOf(typed)
  const page = await withStore(context, store => pageOf(store, typed.arguments[0], options, limit))
  const hint = page.next === undefined ? undefined : { command: nextCommand(typed, page.next) }
  if (output.json) {
    const { checkpoints, next = null, total, notices } = page
    output.jsonLine(document('checkpoints', { checkpoints: checkpoints.map(checkpointInfoShape), next, total, notices }, hint))
    return 0
  }
  const list: CheckpointList = {
    checkpoints: page.checkpoints,
    total: page.total,
    asked: askedWords(typed),
    sorted: sortedWords(options.sort),
    run: page.place.run,
    next: hint?.command,
  }
  await output.result(checkpointTable(list, clock.now(), output.stdoutScreen), 'cut')
  await output.result(checkpointListEnd(list, output.stdoutScreen))
  if (page.notices.length > 0) await output.message(noticeLines(page.notices))
  return 0
}

function optionsOf({ flags }: CommandLine): ListOptions & { readonly sort?: SortOption } {
  const type = flags.text('type')
  const tags = flags.all('tag')
  const status = checkpointStatuses.find((one): one is CheckpointStatus => one === flags.text('status'))
  const sort = sortOf(flags.text('sort'))
  const after = flags.text('after')
  return {
    where: whereOf(flags.all('where')),
    ...(type === undefined ? {} : { type }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(status === undefined ? {} : { status }),
    ...(sort === undefined ? {} : { sort }),
    ...(after === undefined ? {} : { after }),
  }
}

async function pageOf(
  store: Store,
  address: string | undefined,
  options: ListOptions & { readonly sort?: SortOption },
  limit: number,
): Promise<Page> {
  const place = address === undefined ? {} : await placeAt(store, address)
  const where = { ...place.where, ...options.where }
  // One more than is shown tells whether there are more.
  const found = await store.list({ ...options, ...place, where, limit: limit + 1 })
  const checkpoints = found.slice(0, limit)
  const last = checkpoints.at(-1)
  // What their runs say is not to be shown.
  for (const run of new Set(checkpoints.flatMap(one => one.run ?? []))) {
    await store.run(run).catch((error: unknown) => {
      if (!isWaymarkError(error, 'not_found')) throw error
    })
  }
  return {
    checkpoints,
    total: (await store.summary()).checkpoints,
    place,
    next: found.length > limit && last !== undefined ? store.cursor(last, options.sort) : undefined,
    notices: store.notices(),
  }
}

/** The same command for the next page. */
function nextCommand({ arguments: words, flags }: CommandLine, after: string): string {
  const given = ['type', 'tag', 'status', 'where', 'sort', 'limit', 'store'].flatMap(name =>
    flags.all(name).flatMap(value => [`--${name}`, value]),
  )
  return shellWords(['waymark', 'checkpoints', ...words, ...given, '--after', after])
}

function askedWords({ arguments: [address], flags }: CommandLine): string {
  const named = (['type', 'tag', 'status'] as const).flatMap(name => flags.all(name).map(value => `${name} ${value}`))
  const conditions = [...named, ...flags.all('where')]
  const parts = [address === undefined ? '' : `of ${address}`, conditions.length === 0 ? '' : `with ${conditions.join(', ')}`]
  return parts.filter(part => part !== '').join(' ')
}

function sortedWords(sort: SortOption | undefined): string {
  if (sort === undefined) return 'newest first'
  return `by ${sort.by}, ${sort.direction === 'desc' ? 'highest' : 'lowest'} first`
}
