import { WaymarkError } from '../model/errors.ts'

export function damagedChunk(pack: string, chunk: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `chunk ${chunk} of pack ${pack} is damaged: it has another digest than when it was saved`,
    means: 'The checkpoints that hold it cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or see what is damaged with: waymark verify --full',
    details: { pack, chunk },
  })
}
