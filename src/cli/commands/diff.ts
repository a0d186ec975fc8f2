import type { KeyHistoryOptions } from '../../engine/diff-key-history.ts'
import type { StoreDiffOptions } from '../../engine/diff-options.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { diffShape, keyHistoryShape } from '../render/diff-json.ts'
import { keyHistoryLines } from '../render/diff-key-lines.ts'
import { diffLines } from '../render/diff-lines.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 60
/** Of what is printed as JSON. */
const defaultJsonLimit = 1_000
const exitDifferent = 10

/** `waymark diff A [B]` */
export async function diffCommand(context: Context): Promise<number> {
  const { line, output } = context
  if (line.flags.on('key')) return followKey(context)
  if (line.flags.on('runs')) throw wrongUsage('--runs goes with --key PATH', line.command)
  const [a = '', b] = line.arguments
  if (b !== undefined && line.flags.on('last-good')) throw wrongUsage('--last-good compares A alone: leave out B', line.command)
  const limit = line.flags.count('limit')
  const options = optionsOf(line, limit ?? (output.json ? defaultJsonLimit : undefined))
  const report = await withStore(context, store =>
    b === undefined ? store.diff(undefined, a, options) : store.diff(a, b, options),
  )
  if (line.flags.on('show-secrets')) output.showWith(undefined)
  if (output.json) output.jsonLine(document('diff', diffShape(report)))
  else {
    const view = { limit: limit ?? defaultLimit, all: line.flags.on('all') }
    await output.result(diffLines(report, view, output.stdoutScreen))
  }
  return line.flags.on('exit-code') && !report.same ? exitDifferent : 0
}

async function followKey(context: Context): Promise<number> {
  const { line, output } = context
  const [address = '', other] = line.arguments
  if (other !== undefined) throw wrongUsage('--key follows one value through A: leave out B', line.command)
  for (const name of ['ignore', 'array-key', 'exit-code', 'last-good']) {
    if (line.flags.on(name)) throw wrongUsage(`--${name} does not go with --key`, line.command)
  }
  const history = await withStore(context, store => store.keyHistory(address, line.flags.text('key') ?? '', keyOptionsOf(line)))
  if (line.flags.on('show-secrets')) output.showWith(undefined)
  if (output.json) output.jsonLine(document('diff', { kind: 'key', ...keyHistoryShape(history) }))
  else await output.result(keyHistoryLines(history, output.stdoutScreen))
  return 0
}

function optionsOf({ flags }: CommandLine, limit: number | undefined): StoreDiffOptions {
  const arrayKey = flags.text('array-key')
  return {
    ignore: flags.all('ignore'),
    mask: flags.all('mask'),
    showSecrets: flags.on('show-secrets'),
    ...(arrayKey === undefined ? {} : { arrayKey }),
    ...(limit === undefined ? {} : { limit: Math.max(limit, 1) }),
  }
}

function keyOptionsOf({ flags }: CommandLine): KeyHistoryOptions {
  const limit = flags.count('limit')
  return {
    runs: flags.on('runs'),
    all: flags.on('all'),
    mask: flags.all('mask'),
    showSecrets: flags.on('show-secrets'),
    ...(limit === undefined ? {} : { limit: Math.max(limit, 1) }),
  }
}
