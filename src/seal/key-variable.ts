import { WaymarkError } from '../model/errors.ts'
import { checkNewSecret, checkSource, type MasterKey, secretIn } from './master-key.ts'

/**
 * A master key in an environment variable: 32 bytes as hex or base64. Whoever may read the environment of the process (the same user, and root) can read it too.
 *
 * @example
 * const store = await open({ path: '.waymark', key: keyVariable('MY_JOB_KEY') })
 */
export function keyVariable(name: string): MasterKey {
  checkSource('keyVariable', name, 'in which variable the key is', "keyVariable('MY_JOB_KEY')")
  const secret = async (): Promise<Buffer> => {
    const text = process.env[name]
    if (text !== undefined && text !== '') return secretIn(text, `the environment variable ${name}`)
    throw new WaymarkError('key_missing', {
      message: `the environment variable ${name} is not set, which should hold the key of the store`,
      means: 'Nothing was read or written.',
      remedy: `Set ${name} to the key, 32 bytes as hex or base64.`,
    })
  }
  return {
    kind: 'variable',
    description: `the environment variable ${name}`,
    secretFor: secret,
    newSecret: async () => ({ secret: checkNewSecret(await secret(), `the environment variable ${name}`), settings: {} }),
  }
}
