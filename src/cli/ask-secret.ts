import { StringDecoder } from 'node:string_decoder'
import { WaymarkError } from '../model/errors.ts'
import { checkNewPassphrase } from '../seal/passphrase.ts'

const ctrlC = '\u0003'
const ctrlD = '\u0004'
const ctrlU = '\u0015'
const erasing = ['\u0008', '\u007f']

/**
 * Asks on the terminal for a text that is not shown while it is typed.
 *
 * @throws WaymarkError `cancelled` at Ctrl-C, `invalid` at Ctrl-D and the end of the input
 */
export function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process
  const decoder = new StringDecoder('utf8')
  // Before the question: what is typed from then on must not show.
  stdin.setRawMode(true)
  stderr.write(question)
  return new Promise((resolve, reject) => {
    let typed: readonly string[] = []
    const stop = (settle: () => void, rest: string): void => {
      stdin.off('data', onData).off('end', onEnd).pause().setRawMode(false)
      // The answer to the next question may have come with this one.
      if (rest !== '') stdin.unshift(Buffer.from(rest))
      stderr.write('\n')
      settle()
    }
    const onEnd = (): void => stop(() => reject(notAnswered()), '')
    const onData = (bytes: Buffer): void => {
      const characters = [...decoder.write(bytes)]
      for (const [index, character] of characters.entries()) {
        const rest = characters.slice(index + 1).join('')
        if (character === '\r' || character === '\n') return stop(() => resolve(typed.join('')), rest)
        if (character === ctrlC) return stop(() => reject(interrupted()), rest)
        if (character === ctrlD) return stop(() => reject(notAnswered()), rest)
        if (character === ctrlU) typed = []
        else typed = erasing.includes(character) ? typed.slice(0, -1) : [...typed, character]
      }
    }
    stdin.on('data', onData).on('end', onEnd).resume()
  })
}

/**
 * A passphrase that is new, asked for twice.
 *
 * @throws WaymarkError `invalid` if it is too short or was not typed the same both times, `cancelled`
 */
export async function askNewSecret(what: string): Promise<string> {
  const first = checkNewPassphrase(await askSecret(`${what}: `))
  if ((await askSecret('Once more: ')) === first) return first
  throw new WaymarkError('invalid', {
    message: 'the passphrase was typed differently the second time',
    means: 'Nothing was changed.',
    remedy: 'Run the same command again.',
  })
}

const notAnswered = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'the passphrase was not typed: the input ended',
    means: 'Nothing was read or changed.',
    remedy: 'Run the same command again, and type it, or set WAYMARK_PASSPHRASE.',
  })

/** As if the signal had come. */
const interrupted = (): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'Ctrl-C at the question for the passphrase',
    means: 'Nothing was read or changed.',
    remedy: 'Run the same command again.',
    details: { signal: 'SIGINT' },
  })
