import { systemClock } from '../model/clock.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'

/** What does not look at the signal is left behind after this long. */
const graceMs = 2_000

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/**
 * Gives the work a signal that aborts when somebody stops the command; resolves to its exit code, or to that of the signal where the work ended with `cancelled` for it, which is told before.
 */
export async function untilStopped(
  work: (signal: AbortSignal) => Promise<number>,
  tell: (stopped: WaymarkError, code: number) => Promise<void>,
): Promise<number> {
  const controller = new AbortController()
  let code: number | undefined
  let endGrace = (): void => {}
  const removers = Object.entries(exitCodes).map(([name, exit]) => {
    const listener = (): void => {
      // The second one does not wait for anything.
      if (code !== undefined) process.exit(exit)
      code = exit
      controller.abort()
      endGrace = systemClock.after(graceMs, () => void tell(leftBehind(), exit).finally(() => process.exit(exit)), {
        background: true,
      })
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    if (code === undefined || !isWaymarkError(error, 'cancelled')) throw error
    await tell(error, code)
    return code
  } finally {
    endGrace()
    for (const remove of removers) remove()
  }
}

const leftBehind = (): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'stopped before it was done',
    means: 'What was recorded before is safe.',
    remedy: 'Run the same command again.',
  })
