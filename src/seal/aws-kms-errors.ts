import { WaymarkError } from '../model/errors.ts'
import { awayService, refusedByService } from './key-service.ts'

interface Refusal {
  readonly why: string
  readonly remedy: string
}

const badCredentials: Refusal = {
  why: 'AWS does not accept the credentials',
  remedy: 'Renew them, and look whether the clock of this machine is right',
}

/** By the name of the error. Whatever else is refused is told by its name alone. */
const refusals: Readonly<Record<string, Refusal>> = {
  AccessDeniedException: { why: 'access is denied', remedy: 'Allow kms:Encrypt and kms:Decrypt with this key' },
  DisabledException: { why: 'it is disabled', remedy: 'Enable the key in AWS KMS' },
  NotFoundException: { why: 'there is no such key', remedy: 'Look whether account, region and name of the key are right' },
  KMSInvalidStateException: {
    why: 'it cannot be used in its state (being deleted, say)',
    remedy: 'Cancel its deletion in AWS KMS',
  },
  InvalidKeyUsageException: {
    why: 'it is not a symmetric key',
    remedy: 'Take a key with the usage ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT',
  },
  InvalidCiphertextException: {
    why: 'what the key ring keeps was wrapped for another store, or was changed',
    remedy: 'Put back the folder keys of the store from a backup',
  },
  IncorrectKeyException: { why: 'the key ring keeps a secret that another key wrapped', remedy: 'Give that key' },
  InvalidSignatureException: badCredentials,
  SignatureDoesNotMatch: badCredentials,
  IncompleteSignatureException: badCredentials,
  UnrecognizedClientException: badCredentials,
  InvalidClientTokenId: badCredentials,
  MissingAuthenticationToken: badCredentials,
  ExpiredTokenException: badCredentials,
  RequestExpired: badCredentials,
  CredentialsProviderError: {
    why: 'no AWS credentials were found',
    remedy: 'Give them in the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID …), or as credentials',
  },
}

/** Refused for now, with a status that does not say so. */
const passing = ['ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded', 'DependencyTimeoutException']

/**
 * What an error of the AWS SDK means. Nothing is taken over of it but names: its parts hold the request, credentials included.
 *
 * @param called which key was asked for: `the AWS KMS key alias/waymark`
 */
export function kmsError(called: string, error: unknown): WaymarkError {
  const { name, message, code, status, isClockMended } = partsOf(error)
  if (/region is missing/i.test(message)) return noRegion(called)
  const isAway = status === undefined || status < 400 || status >= 500 || status === 429
  const refusal = Object.hasOwn(refusals, name) ? refusals[name] : undefined
  if (isClockMended || passing.includes(name) || (isAway && refusal === undefined)) return awayService(called, code ?? name)
  const { why, remedy } = refusal ?? { why: 'the request was refused', remedy: 'See the error in the documentation of AWS KMS' }
  return refusedByService(called, `${why} (${denied(message) ?? name})`, remedy)
}

/** Who may not do what, out of the text of a denial. */
function denied(message: string): string | undefined {
  const [, who, what] = /^User: (arn:[\w:/+=,.@-]{1,300}) is not authorized to perform: (kms:[A-Za-z]{1,40})/.exec(message) ?? []
  return who === undefined || what === undefined ? undefined : `${who} may not ${what}`
}

function partsOf(error: unknown) {
  const { name, message, code, $metadata } = isRecord(error) ? error : {}
  const { httpStatusCode, clockSkewCorrected } = isRecord($metadata) ? $metadata : {}
  return {
    name: isName(name) ? name : 'an unknown error',
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' && /^(E|ERR_)[A-Z_]{2,30}$/.test(code) ? code : undefined,
    status: typeof httpStatusCode === 'number' ? httpStatusCode : undefined,
    /** The SDK took the time from the answer: the next request is signed with that. */
    isClockMended: clockSkewCorrected === true,
  }
}

/** The name of an error comes from the service, too, and could be anything. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' &&
  (Object.hasOwn(refusals, value) || passing.includes(value) || /^[A-Z][A-Za-z]{1,40}(Exception|Error)$/.test(value))

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const noRegion = (called: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${called}: the region is not known`,
    means: 'Nothing was read or written.',
    remedy: 'Give the key as an ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), or set AWS_REGION.',
  })
