import { resolve } from 'node:path'
import type { KeysCheck } from '../../engine/check-keys.ts'
import type { KeysReport } from '../../engine/keys-report.ts'
import type { RekeyReport } from '../../engine/rekey-report.ts'
import { nearest } from '../../model/did-you-mean.ts'
import { exitCodeOf, WaymarkError } from '../../model/errors.ts'
import { makeKeyFile } from '../../seal/make-key-file.ts'
import { wrongUsage } from '../command-line.ts'
import { answerTo, canBeAsked } from '../confirm.ts'
import type { Command, Context } from '../context.ts'
import { newKey } from '../given-key.ts'
import { initializeKeys } from '../initialize-keys.ts'
import { document, errorDocument, type Hint } from '../json-shapes.ts'
import { checkShape, exportShape, keysShape, rekeyShape } from '../keys-shapes.ts'
import { rekeyed } from '../rekeyed.ts'
import { errorLines } from '../render/error-lines.ts'
import { checkLines, exportLines, keysLines, newKeyLines, rekeyHintLines, rekeyLines } from '../render/keys-lines.ts'
import type { Line, Screen } from '../render/screen.ts'
import { sameStore } from '../same-store.ts'
import { shellWords } from '../shell-words.ts'
import { untilStopped } from '../until-stopped.ts'
import { withReadOnlyStore } from '../with-read-only-store.ts'
import { withStore } from '../with-store.ts'

/** What a verb has done: for programs, for people, and what to do next. */
interface Done {
  readonly data: object
  readonly lines: (screen: Screen) => readonly Line[]
  readonly hint?: Hint
  /** What is wrong besides. */
  readonly error?: WaymarkError
  /** Without an error. Default 0. */
  readonly exitCode?: number
}

type Verb = (context: Context, what: string | undefined, signal: AbortSignal) => Promise<Done>

const verbs = {
  new: async (context, what) => {
    const file = needed(what, 'new FILE')
    const path = await makeKeyFile(resolve(context.cwd, file))
    return {
      data: { path },
      lines: screen => newKeyLines(path, screen),
      hint: { command: `waymark keys init ${shellWords([`file:${file}`])}` },
    }
  },
  init: async (context, what) => {
    const report = await initializeKeys(context, what, nameOf(context))
    const made = changed('the store is sealed', report)
    return report.acceptsPlain ? { ...made, hint: { command: sameStore(context, what)('waymark keys check') } } : made
  },
  list: async context => changed(undefined, await withReadOnlyStore(context, store => store.keys())),
  add: async (context, what) => {
    const key = await newKey(context, needed(what, 'add SOURCE'))
    return changed('added', await withStore(context, store => store.addKey(key, nameOf(context))))
  },
  remove: async (context, what) => {
    const which = needed(what, 'remove ID')
    await confirm(
      context,
      ['remove', which],
      'A removed key opens the store no more, and cannot be put back without the key itself.',
    )
    const done = changed('removed', await withStore(context, store => store.removeKey(which)))
    return goingOn(done, sameStore(context)('waymark keys rekey'))
  },
  rotate: async context => {
    const to = context.line.flags.text('to')
    const options = to === undefined ? nameOf(context) : { ...nameOf(context), to: await newKey(context, to) }
    const what =
      to === undefined
        ? 'A new data key seals what is written from now on.'
        : 'The key that is given with --key opens the store no more.'
    await confirm(context, ['rotate'], what)
    const done = changed('rotated', await withStore(context, store => store.rotateKeys(options)))
    return to === undefined ? done : goingOn(done, sameStore(context, to)('waymark keys rekey'))
  },
  check: async context => {
    const check = await withReadOnlyStore(context, store => store.checkKeys())
    return {
      data: checkShape(check),
      lines: screen => checkLines(check, screen),
      ...(check.ok ? {} : { error: notWhole(check) }),
    }
  },
  rekey: async (context, _what, signal) => {
    const report = await rekeyed(context, signal)
    const done: Done = { data: rekeyShape(report), lines: screen => rekeyLines(report, screen) }
    return report.complete ? done : { ...done, error: someLeft(report.left, sameStore(context)) }
  },
  export: async (context, what) => {
    const file = needed(what, 'export FILE')
    const copy = await withReadOnlyStore(context, store => store.exportKeys(file))
    return { data: exportShape(copy), lines: screen => exportLines(copy, screen) }
  },
} satisfies Record<string, Verb>

/** `waymark keys VERB` */
export const keysCommand: Command = async context => {
  const { output, line: typed } = context
  const [verb = ''] = typed.arguments
  checkFlags(context, verb)
  if (verb !== 'rekey') return carriedOut(context, new AbortController().signal)
  return untilStopped(
    signal => carriedOut(context, signal),
    async () => {
      const stopped = stoppedRekey(sameStore(context)('waymark keys rekey'))
      if (output.json) output.jsonLine(errorDocument('keys', stopped.toJSON()))
      else await output.message(errorLines(stopped.toJSON(), undefined, output.debug))
    },
  )
}

async function carriedOut(context: Context, signal: AbortSignal): Promise<number> {
  const { output } = context
  const [verb = '', what] = context.line.arguments
  const { data, lines, hint, error, exitCode = 0 } = await verbNamed(verb)(context, what, signal)
  if (output.json) {
    const plain = document('keys', { verb, ...data }, hint)
    output.jsonLine(error === undefined ? plain : { ...plain, ok: false, error: error.toJSON() })
    return error === undefined ? exitCode : exitCodeOf[error.code]
  }
  await output.result(lines(output.stdoutScreen))
  if (error !== undefined) throw error
  return exitCode
}

const stoppedRekey = (again: string): WaymarkError =>
  new WaymarkError('cancelled', {
    message: 'stopped before everything was sealed anew',
    means: 'Everything can be read as before. No data key is forgotten yet; what was sealed anew stays so.',
    remedy: `${again}  goes on where it stopped`,
    retryable: true,
  })

function verbNamed(word: string): Verb {
  const table: Readonly<Record<string, Verb>> = verbs
  const verb = Object.hasOwn(table, word) ? table[word] : undefined
  if (verb !== undefined) return verb
  const near = nearest(word, Object.keys(verbs))
  const meant = near === undefined ? `there are ${Object.keys(verbs).join(', ')}` : `did you mean ${near}?`
  throw wrongUsage(`waymark keys does not know this verb; ${meant}`)
}

/** Which flags a verb takes; a flag that would do nothing is a mistake. */
const flagsOf: Readonly<Record<string, readonly string[]>> = {
  init: ['name'],
  add: ['name'],
  remove: ['yes'],
  rotate: ['name', 'to', 'yes'],
}

function checkFlags({ line }: Context, verb: string): void {
  for (const name of ['name', 'to', 'yes'])
    if (line.flags.on(name) && !flagsOf[verb]?.includes(name))
      throw wrongUsage(`--${name} does not go with keys ${verb}`, line.command)
  const takesWhat = ['new', 'init', 'add', 'remove', 'export'].includes(verb)
  if (line.arguments[1] !== undefined && !takesWhat) throw wrongUsage(`waymark keys ${verb} takes nothing more`, line.command)
}

function nameOf({ line }: Context): { readonly name?: string } {
  const name = line.flags.text('name')
  return name === undefined ? {} : { name }
}

const changed = (what: string | undefined, report: KeysReport): Done => ({
  data: keysShape(report),
  lines: screen => keysLines(report, screen, what),
})

/** What a master key that is gone has opened until now is not safe from who has it before all is sealed anew. */
const goingOn = (done: Done, command: string): Done => ({
  ...done,
  lines: screen => [...done.lines(screen), ...rekeyHintLines(command)],
  hint: { command },
})

function someLeft(left: RekeyReport['left'], again: (command: string) => string): WaymarkError {
  const files = `${left.length} ${left.length === 1 ? 'file is' : 'files are'} left`
  const damaged = left.filter(file => file.damaged === true).length
  if (damaged === 0)
    return new WaymarkError('unavailable', {
      message: `not everything could be sealed anew: ${files}`,
      means: 'Everything can be read as before. No data key is forgotten yet.',
      remedy: again('waymark keys rekey'),
      retryable: true,
    })
  return new WaymarkError('corrupt', {
    message: `not everything could be sealed anew: ${files}, ${damaged === left.length ? '' : `${damaged} of them `}damaged`,
    means: 'All else is sealed anew, and can be read as before. No data key is forgotten yet.',
    remedy: `Put the damaged files back from a backup, or go on without what is lost: ${again('waymark repair')}  and then  ${again('waymark keys rekey')}`,
    details: { damaged: left.flatMap(file => (file.damaged === true ? [file.name] : [])) },
  })
}

function needed(what: string | undefined, usage: string): string {
  if (what !== undefined) return what
  throw wrongUsage(`it is written: waymark keys ${usage}`)
}

/** @throws WaymarkError `confirmation` unless there was a yes */
async function confirm(context: Context, words: readonly string[], means: string): Promise<void> {
  if (context.line.flags.on('yes')) return
  if (canBeAsked(context) && /^y(es)?$/i.test(await answerTo(`${means}\nGo on? [y/N] `))) return
  const to = context.line.flags.text('to')
  const again = shellWords(['waymark', 'keys', ...words, ...(to === undefined ? [] : ['--to', to]), '--yes'])
  throw new WaymarkError('confirmation', {
    message: `to ${words[0]} a key needs a yes`,
    means: `The keys were not changed. ${means}`,
    remedy: sameStore(context)(again),
  })
}

const notWhole = ({ problems }: KeysCheck): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `the keys are not whole: ${problems.length === 1 ? 'there is a problem' : `there are ${problems.length} problems`}`,
    means: 'Nothing was changed. What is sealed with a data key that is not in the ring cannot be read.',
    remedy: 'Put back the folder keys, or the files, from one and the same backup of the store.',
  })
