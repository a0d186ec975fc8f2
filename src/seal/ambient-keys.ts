import { awsKms } from './aws-kms.ts'
import type { LockedRing, Master } from './key-ring.ts'
import { serviceAddress } from './key-service.ts'
import type { MasterKey } from './master-key.ts'
import { vaultTransit } from './vault-transit.ts'

/**
 * Master keys of a ring that can be asked for where none was given: those of services whose credentials are at hand. What the ring says is not proved yet, so it does not decide where credentials go: AWS is asked for its key at the address of
 * the AWS configuration, Vault only if `VAULT_ADDR` is the address in the ring.
 */
export const ambientKeys = ({ masters }: LockedRing): readonly MasterKey[] => masters.flatMap(master => ambientKey(master) ?? [])

function ambientKey({ kind, settings }: Master): MasterKey | undefined {
  const { keyId, region, address, mount, key, namespace } = settings
  try {
    if (kind === 'aws-kms' && typeof keyId === 'string') return awsKms({ keyId, ...(typeof region === 'string' && { region }) })
    const known = process.env['VAULT_ADDR'] ?? ''
    if (kind !== 'vault' || typeof key !== 'string' || known === '' || (process.env['VAULT_TOKEN'] ?? '') === '') return undefined
    if (serviceAddress('VAULT_ADDR', known) !== address) return undefined
    return vaultTransit({
      address,
      key,
      ...(typeof mount === 'string' && { mount }),
      ...(typeof namespace === 'string' && { namespace }),
    })
  } catch {
    // Settings that no key has, or an address that is none.
    return undefined
  }
}
