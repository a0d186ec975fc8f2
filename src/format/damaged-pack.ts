import { WaymarkError } from '../model/errors.ts'

/** Bytes of a pack that are not what was written. `details` may name the frame. */
export function damagedPack(
  pack: string,
  how: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `pack ${pack} is damaged: ${how}`,
    means: 'The checkpoints in the damaged part cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { pack, ...details },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** An intact pack with something in it that this version does not know. */
export function unknownInPack(pack: string, what: string): WaymarkError {
  return new WaymarkError('unsupported', {
    message: `pack ${pack} has ${what}, which this waymark cannot read`,
    means: 'The store is intact; nothing was read or changed.',
    remedy: 'Use the version of waymark that wrote it, or a newer one.',
    details: { pack },
  })
}

/** A caller of the writers who breaks their contract: never the fault of stored bytes. */
export function packMisuse(what: string): WaymarkError {
  return new WaymarkError('internal', {
    message: `a pack cannot be written: ${what}`,
    means: 'Nothing was saved; what is stored is not affected.',
    remedy: 'This is a defect of waymark: please report it.',
  })
}
