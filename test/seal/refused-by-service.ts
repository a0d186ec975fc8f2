import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { type ErrorCode, isWaymarkError } from 'waymark'

/** Rejects with this code, says nothing of any secret (hidden properties and causes included), and says what to do. */
export const refusedByService =
  (code: ErrorCode, message: RegExp, secrets: readonly string[]) =>
  (error: unknown): true => {
    assert.ok(isWaymarkError(error, code), inspect(error))
    assert.match(error.message, message)
    assert.equal(error.retryable, code === 'unavailable')
    assert.match(error.remedy, /\w{3}/)
    const shown =
      inspect(error, { depth: 20, showHidden: true, maxStringLength: 1e6, maxArrayLength: 1e4 }) + JSON.stringify(error)
    for (const secret of secrets) assert.ok(!shown.includes(secret), 'a secret is shown')
    return true
  }
