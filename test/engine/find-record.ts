import { basename } from 'node:path'
import { nodeFiles } from '../../src/files/node-files.ts'
import { readSegment } from '../../src/log/segment-reader.ts'
import { findSeal } from '../../src/log/segment-seals.ts'
import { segmentFiles } from './damaged-log.ts'
import { sealsOfStore } from './seals-of-store.ts'

export interface RecordOnDisk {
  readonly file: string
  /** Its last byte, which is of its payload whether that is sealed or not. */
  readonly at: number
}

/** Where the nth record lies that holds this text, in the log of the store in this folder, be it plain or sealed. */
export async function findRecord(root: string, text: string, nth = 1): Promise<RecordOnDisk> {
  const { storeId: store, seals } = await sealsOfStore(root)
  let found = 0
  for (const file of segmentFiles(root)) {
    const segment = basename(file, '.seg')
    const { batches } = await readSegment(nodeFiles, file, {
      segment,
      store,
      findSeal: (header, opened) => findSeal(seals, segment, header, opened),
    })
    for (const { kind, payload, position } of batches.flatMap(({ records }) => records))
      if (kind === 'data' && Buffer.from(payload).includes(text) && ++found === nth)
        return { file, at: position.offset + position.length - 1 }
  }
  throw new Error(`${found} records of ${root} hold ${text}`)
}
