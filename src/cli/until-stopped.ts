import { isWaymarkError, type WaymarkError } from '../model/errors.ts'

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/**
 * Gives the work a signal that aborts when somebody stops the command; resolves to its exit code, or to that of the signal where the work ended with `cancelled` for it, which is told before.
 */
export async function untilStopped(
  work: (signal: AbortSignal) => Promise<number>,
  tell: (stopped: WaymarkError) => Promise<void>,
): Promise<number> {
  const controller = new AbortController()
  let code: number | undefined
  const removers = Object.entries(exitCodes).map(([name, exit]) => {
    const listener = (): void => {
      // The second one does not wait for anything.
      if (code !== undefined) process.exit(exit)
      code = exit
      controller.abort()
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    if (code === undefined || !isWaymarkError(error, 'cancelled')) throw error
    await tell(error)
    return code
  } finally {
    for (const remove of removers) remove()
  }
}
