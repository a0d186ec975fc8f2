import assert from 'node:assert/strict'
import { isWaymarkError, type WaymarkError } from 'waymark'

/** Runs it, and gives what it was refused with. */
export async function refused(run: Promise<unknown>): Promise<WaymarkError> {
  try {
    await run
  } catch (error) {
    assert.ok(isWaymarkError(error, 'input_changed'), String(error))
    return error
  }
  throw new Error('it was not refused')
}
