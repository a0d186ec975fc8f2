import type { MasterKey } from '../../src/seal/master-key.ts'

/** The master key of the golden sealed stores, as if it came from a file: git keeps no mode that would do for one. */
export function goldenSecretKey(hex: string): MasterKey {
  const secret = async (): Promise<Buffer> => Buffer.from(hex, 'hex')
  return {
    kind: 'file',
    description: 'the golden key',
    secretFor: secret,
    newSecret: async () => ({ secret: await secret(), settings: {} }),
  }
}
