import type { CheckpointInfo } from '../../engine/checkpoint-info.ts'
import { checkpointByPrefix } from '../checkpoint-by-prefix.ts'
import type { Context } from '../context.ts'
import { checkpointInfoShape, document } from '../json-shapes.ts'
import { line, span } from '../render/screen.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'

/** `waymark pin CHECKPOINT` */
export async function pinCommand(context: Context): Promise<number> {
  const { line: typed } = context
  const [word = ''] = typed.arguments
  const [name, reason] = [typed.flags.text('name'), typed.flags.text('reason')]
  const options = { ...(name === undefined ? {} : { name }), ...(reason === undefined ? {} : { reason }) }
  const info = await withStore(context, async store => store.pin(await checkpointByPrefix(store, word), options))
  const undo = shellWords(['waymark', 'unpin', info.id, ...(name === undefined ? [] : ['--name', name])])
  return tellPins(context, 'pin', 'pinned', info, { command: undo })
}

/** Says which pins a checkpoint has now. */
export async function tellPins(
  { output }: Context,
  command: string,
  done: string,
  info: CheckpointInfo,
  hint: { readonly command: string } | undefined,
): Promise<number> {
  if (output.json) {
    output.jsonLine(document(command, { checkpoint: checkpointInfoShape(info) }, hint))
    return 0
  }
  const { glyphs } = output.stdoutScreen
  const pins = info.pins.map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`)).join(', ')
  const held = info.pins.length === 0 ? 'no pin is left: it can be deleted' : `held by ${pins}`
  await output.result([
    [span(`${glyphs.completed} ${done} `, 'good'), span(`${info.id} ${glyphs.separator} ${held}`)],
    ...(hint === undefined || output.quiet ? [] : [line(`undo: ${hint.command}`, 'quiet')]),
  ])
  return 0
}
