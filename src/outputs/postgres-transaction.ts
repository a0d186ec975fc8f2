import type { PostgresClient, PostgresLink } from './postgres-connection.ts'
import { isConnectionLost, isLostRace } from './postgres-errors.ts'

/** A stopped process must not keep its successor out: the server ends its session after this long without a statement … */
const idleMs = 20_000
/** … and the successor waits longer than that. */
const lockMs = 60_000
const mostTries = 5

const begin = [
  'BEGIN ISOLATION LEVEL READ COMMITTED',
  `SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
  `SET LOCAL lock_timeout = ${lockMs}`,
  // A commit must be on disk before the log counts it.
  "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
].join('; ')

/**
 * Calls `work` in a transaction that is durable when this resolves. It is called again if the transaction lost against another one, and once if the connection was lost before the commit was
 * sent: both undo it for certain. A connection lost after that is not decided here: the sequence in the database says what became of it.
 */
export async function inTransaction<T>(link: PostgresLink, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let committing = false
    try {
      return await link.use(async client => {
        await client.query(begin)
        try {
          const result = await work(client)
          committing = true
          const { command } = await client.query('COMMIT')
          if (command === 'ROLLBACK') throw new Error('the transaction had failed before its commit')
          return result
        } catch (error) {
          // The error that led here says more than one of the rollback.
          if (!isConnectionLost(error)) await client.query('ROLLBACK').catch(() => {})
          throw error
        }
      })
    } catch (error) {
      const again = isLostRace(error) ? attempt < mostTries : isConnectionLost(error) && !committing && attempt === 1
      if (!again) throw error
    }
  }
}
