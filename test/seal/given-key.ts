import type { MasterKey } from '../../src/seal/master-key.ts'

/** A master key whose secret is given, without a file. */
export const givenKey = (byte: number): MasterKey => ({
  kind: 'file',
  description: `the secret of ${byte}s`,
  secretFor: async () => Buffer.alloc(32, byte),
  newSecret: async () => ({ secret: Buffer.alloc(32, byte), settings: {} }),
})
