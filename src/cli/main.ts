import { systemClock } from '../model/clock.ts'
import { type ErrorJson, exitCodeOf, isWaymarkError, WaymarkError } from '../model/errors.ts'
import { asksForJson, type CommandLine, Flags, parseCommandLine } from './command-line.ts'
import type { Command, Context } from './context.ts'
import { createOutput, type Output } from './output.ts'
import { outputLoss, stdoutWriter, watchOutput } from './output-loss.ts'
import type { Environment } from './settings.ts'

/** Loaded when used: a command does not pay for the others. */
const implementations: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  resume: async () => (await import('./commands/resume.ts')).resumeCommand,
  fork: async () => (await import('./commands/fork.ts')).forkCommand,
  merge: async () => (await import('./commands/merge.ts')).mergeCommand,
  pause: async () => (await import('./commands/pause.ts')).pauseCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  requeue: async () => (await import('./commands/requeue.ts')).requeueCommand,
  ls: async () => (await import('./commands/ls.ts')).lsCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  events: async () => (await import('./commands/events.ts')).eventsCommand,
  records: async () => (await import('./commands/records.ts')).recordsCommand,
  where: async () => (await import('./commands/where.ts')).whereCommand,
  items: async () => (await import('./commands/items.ts')).itemsCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  checkpoints: async () => (await import('./commands/checkpoints.ts')).checkpointsCommand,
  stats: async () => (await import('./commands/stats.ts')).statsCommand,
  diff: async () => (await import('./commands/diff.ts')).diffCommand,
  pin: async () => (await import('./commands/pin.ts')).pinCommand,
  unpin: async () => (await import('./commands/unpin.ts')).unpinCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  query: async () => (await import('./commands/query.ts')).queryCommand,
  reset: async () => (await import('./commands/reset.ts')).resetCommand,
  cleanup: async () => (await import('./commands/cleanup.ts')).cleanupCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  repair: async () => (await import('./commands/repair.ts')).repairCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
  schema: async () => (await import('./commands/schema.ts')).schemaCommand,
}

/** Commands that print an object a line and end with `exit`. */
const streaming: readonly string[] = ['run', 'resume', 'events', 'records', 'requeue', 'watch']

/** Carries out a command line (without node and script); resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const environment: Environment = process.env
  const json = asksForJson(argv)
  const writeStdout = guardStdout(json)
  watchOutput()
  let output = createOutput(new Flags(new Map()), json, environment, writeStdout)
  let line: CommandLine | undefined
  const name = argv.find(word => word in implementations) ?? null
  const endListening =
    json && !streaming.includes(name ?? '')
      ? (await import('./stopped-document.ts')).documentWhenStopped(name, output)
      : undefined
  try {
    line = await parseCommandLine(argv)
    output = createOutput(line.flags, json, environment, writeStdout)
    return await unlessLost(await carryOut(line, output, environment, writeStdout), line, output)
  } catch (error) {
    return await report(error, line, argv, output)
  } finally {
    endListening?.()
  }
}

/** Commands whose exit code tells of a run. */
const tellsOfRun: readonly string[] = ['run', 'resume', 'requeue', 'watch']

/** Output that is cut off is no success of a command that only tells something. */
async function unlessLost(code: number, { command }: CommandLine, output: Output): Promise<number> {
  const loss = await outputLoss()
  if (loss === undefined) return code
  const { errorLines } = await import('./render/error-lines.ts')
  await output.message(errorLines(loss.toJSON(), undefined, output.debug))
  return code === 0 && !tellsOfRun.includes(command?.name ?? '') ? exitCodeOf[loss.code] : code
}

async function carryOut(
  line: CommandLine,
  output: Output,
  environment: Environment,
  write: (text: string) => void,
): Promise<number> {
  const { command, flags } = line
  if (flags.on('version')) {
    const { versionText, versionDocument } = await import('./commands/help.ts')
    if (output.json) output.jsonLine(versionDocument())
    else write(versionText())
    return 0
  }
  if (command === undefined || flags.on('help')) {
    const { helpDocument, helpText } = await import('./commands/help.ts')
    if (output.json) output.jsonLine(await helpDocument(line, process.cwd()))
    else write(await helpText(line, process.cwd()))
    return 0
  }
  const implementation = implementations[command.name]
  if (implementation === undefined) throw new Error(`the command ${command.name} has no implementation`)
  const [{ findConfigFile, findUserConfigFile }, { settingsOf }] = await Promise.all([
    import('./config-file.ts'),
    import('./settings.ts'),
  ])
  const cwd = process.cwd()
  const loadIfAny = async (file: string | undefined) =>
    file === undefined ? undefined : (await import('./load-config.ts')).loadConfig(file)
  // What a config prints or throws comes in one order.
  const config = await loadIfAny(findConfigFile(cwd))
  const userConfig = await loadIfAny(findUserConfigFile(environment))
  const settings = settingsOf(flags, environment, config, cwd, userConfig)
  if (!silentOnConfig.includes(command.name)) await tellOfConfig({ output, environment, cwd, settings })
  return (await implementation())({ line, settings, config, userConfig, output, environment, cwd, clock: systemClock })
}

/** `config` tells all of it itself; what `completion` writes is read when a shell starts. */
const silentOnConfig: readonly string[] = ['config', 'completion']

/** What somebody thinks is configured and is not, on stderr also under `--json`. */
async function tellOfConfig(context: Pick<Context, 'output' | 'environment' | 'cwd' | 'settings'>): Promise<void> {
  const { output, environment, cwd } = context
  if (output.quiet) return
  // Most often there is nothing to tell, and nothing is loaded for it.
  const { unreadConfigFiles } = await import('./config-file.ts')
  const isSet = Object.keys(environment).some(name => name.startsWith('WAYMARK_'))
  if (!isSet && unreadConfigFiles(cwd, environment).length === 0) return
  const { configNotices } = await import('./config-notices.ts')
  const told = configNotices(context).filter(({ isPressing }) => isPressing)
  if (told.length > 0) await output.message(told.map(({ text }) => [{ text: `note     ${text}`, tone: 'waiting' }]))
}

/** Under `--json` only JSON reaches stdout: what a config file or a library prints goes to stderr. */
function guardStdout(json: boolean): (text: string) => void {
  const write = stdoutWriter()
  // Every overload takes the text first, and stderr has the same ones.
  if (json) process.stdout.write = process.stderr.write.bind(process.stderr)
  return write
}

async function report(error: unknown, line: CommandLine | undefined, argv: readonly string[], output: Output): Promise<number> {
  const json = isWaymarkError(error) ? error.toJSON() : internalError(error)
  const code = json.details?.['signal'] === 'SIGINT' ? 130 : exitCodeOf[json.code]
  const cause = isWaymarkError(error) ? error.cause : error
  if (output.json) {
    const { errorDocument, exitLine } = await import('./json-shapes.ts')
    const name = line?.command?.name ?? argv.find(word => word in implementations) ?? null
    const streams = name !== null && streaming.includes(name)
    output.jsonLine(streams ? exitLine(systemClock.now(), undefined, code, json) : errorDocument(name, json))
    return code
  }
  const [{ errorLines }, { storeError }] = await Promise.all([
    import('./render/error-lines.ts'),
    import('../engine/stored-error.ts'),
  ])
  await output.message(errorLines(json, cause === undefined ? undefined : storeError(cause), output.debug))
  return code
}

const internalError = (error: unknown): ErrorJson =>
  new WaymarkError('internal', {
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    means: 'What was recorded before is safe.',
    remedy: 'Run the same command with --debug, and report what it prints.',
  }).toJSON()
