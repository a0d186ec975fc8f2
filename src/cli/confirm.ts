import { createInterface } from 'node:readline/promises'
import type { Context } from './context.ts'
import { isTerminal } from './screen-of.ts'

/** Whether somebody sits in front of this command who can be asked. */
export const canBeAsked = ({ output, environment }: Context): boolean =>
  !output.json && process.stdin.isTTY === true && isTerminal(process.stderr, environment)

/** Asks on the terminal; the end of the input and Ctrl-C are an empty answer. */
export async function answerTo(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } catch {
    return ''
  } finally {
    terminal.close()
  }
}
