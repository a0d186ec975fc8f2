import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { systemClock } from '../../src/model/clock.ts'
import type { ItemOutput, OutputContext, OutputItem, OutputProgress } from '../../src/outputs/item-target.ts'

export const outputContext = (
  baseDirectory: string,
  { files = nodeFiles, token = 1, run = 'run', earlierOwnerDead = true }: Partial<OutputContext> & { files?: FileSystem } = {},
): OutputContext => ({ files, baseDirectory, clock: systemClock, store: 'store', run, stage: 'enrich', token, earlierOwnerDead })

export const outputItem = (index: number, key?: string): OutputItem => ({ index, key, idempotencyKey: `key-${key ?? index}` })

export const noProgress: OutputProgress = {
  type: 'stage.progress',
  time: 0,
  path: 'enrich',
  counts: { done: 0, skipped: 0, setAside: 0, retries: 0 },
}

/** What the engine does for a save: the position counts before anything of it is shown. */
export async function save(output: ItemOutput, record: (position: ItemOutput['position']) => void = () => {}) {
  const position = await output.flush(noProgress)
  record(position)
  await output.recorded?.()
  return position
}

/** What the engine does at the end of a pass. */
export async function complete(output: ItemOutput, record: (position: ItemOutput['position']) => void = () => {}) {
  await save(output, record)
  if (output.seal !== undefined) record(await output.seal())
  await output.recorded?.()
  return output.finish()
}
