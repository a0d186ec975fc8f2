import type { OpenFile } from '../files/file-system.ts'

/** A file of which nothing may be believed: as long as it is, and all zeros. */
export const zeroedFile = (file: OpenFile): OpenFile => ({
  async read(position, length) {
    const { size } = await file.stat()
    return new Uint8Array(Math.max(0, Math.min(length, size - position)))
  },
  write: (bytes, position) => file.write(bytes, position),
  sync: () => file.sync(),
  truncate: length => file.truncate(length),
  stat: () => file.stat(),
  close: () => file.close(),
})
