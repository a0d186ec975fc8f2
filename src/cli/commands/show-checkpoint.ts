import { redactionOf } from '../../engine/redaction.ts'
import type { Store } from '../../engine/store.ts'
import { jsonValueOf, printedValue } from '../checkpoint-value.ts'
import type { Context } from '../context.ts'
import { checkpointInfoShape, document } from '../json-shapes.ts'
import { redactedCheckpoint } from '../redacted-checkpoint.ts'
import { checkpointDetailLines, nextCommands } from '../render/checkpoint-details.ts'
import { line } from '../render/screen.ts'
import { sameStore } from '../same-store.ts'

/** `waymark show CHECKPOINT` */
export async function showCheckpoint(context: Context, store: Store, id: string): Promise<void> {
  const { output, clock, line: typed } = context
  const path = typed.flags.text('path')
  if (typed.flags.on('value') || path !== undefined) return showValue(context, store, id, path)
  const info = await store.info(id)
  if (output.json) {
    const [command = ''] = nextCommands(info)
    output.jsonLine(
      document(
        'show',
        { checkpoint: checkpointInfoShape(info), notices: store.notices() },
        { command: sameStore(context)(command) },
      ),
    )
    return
  }
  const told = redactedCheckpoint(info, redactionOf(store))
  await output.result(checkpointDetailLines(told, clock.now(), output.stdoutScreen, sameStore(context)))
}

async function showValue({ output }: Context, store: Store, id: string, path: string | undefined): Promise<void> {
  const info = await store.info(id)
  if (output.json) {
    const shown = await jsonValueOf(store, info, path)
    const checkpoint = checkpointInfoShape(info)
    output.jsonLine(
      document('show', { checkpoint, ...(path === undefined ? {} : { path }), ...shown }, { command: `waymark export ${id}` }),
    )
    return
  }
  const { text, cut } = await printedValue(store, info, path)
  await output.result(text.split('\n').map(one => line(one)))
  if (cut !== undefined)
    await output.message([line(`${output.stderrScreen.glyphs.ellipsis} ${cut}; all of it: waymark export ${id}`, 'quiet')])
}
