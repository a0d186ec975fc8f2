/** What is used of a client of AWS KMS: `new KMS({ … })` of the package `@aws-sdk/client-kms`. */
export interface KmsClient {
  encrypt(input: KmsEncryptInput, options?: KmsCallOptions): Promise<KmsEncrypted>
  decrypt(input: KmsDecryptInput, options?: KmsCallOptions): Promise<KmsDecrypted>
}

export interface KmsEncryptInput {
  KeyId: string
  Plaintext: Uint8Array
  EncryptionContext: Record<string, string>
}

export interface KmsDecryptInput {
  KeyId: string
  CiphertextBlob: Uint8Array
  EncryptionContext: Record<string, string>
}

export interface KmsCallOptions {
  abortSignal?: AbortSignal
}

export interface KmsEncrypted {
  /** The ARN of the key, also where an alias was given. */
  KeyId?: string | undefined
  CiphertextBlob?: Uint8Array | undefined
}

export interface KmsDecrypted {
  Plaintext?: Uint8Array | undefined
}

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
