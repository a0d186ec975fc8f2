import { missingPackage } from '../model/missing-package.ts'

/** @throws WaymarkError `unsupported` if the package is not installed */
export async function kmsLibrary(): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms')
  } catch (cause) {
    throw missingPackage({
      need: 'a key held by AWS KMS needs',
      name: '@aws-sdk/client-kms',
      means: 'Nothing was read or written.',
      instead: 'open the store with another of its keys (--key).',
      cause,
    })
  }
}
