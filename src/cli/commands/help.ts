import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../../model/clock.ts'
import { WaymarkError } from '../../model/errors.ts'
import type { ChildOrder, FromChild } from '../child-protocol.ts'
import type { CommandLine } from '../command-line.ts'
import { commands } from '../command-table.ts'
import { commonFlags, rootFlags } from '../common-flags.ts'
import { commandHelp, type DescribedPipeline, rootHelp } from '../help-text.ts'
import { document } from '../json-shapes.ts'
import { checkPipelineFile } from '../pipeline-path.ts'

/** The help that a command line asks for; of `run FILE` with the parameters of that pipeline. */
export async function helpText(line: CommandLine, cwd: string): Promise<string> {
  const { command } = line
  return command === undefined
    ? rootHelp(packageVersion())
    : commandHelp(command, await describedBy(line, cwd), line.arguments[0])
}

/** The same for programs. */
export async function helpDocument(line: CommandLine, cwd: string): Promise<object> {
  const { command } = line
  if (command === undefined) return document('help', { version: packageVersion(), commands, flags: rootFlags })
  const pipeline = await describedBy(line, cwd)
  return document('help', { command, flags: commonFlags, ...(pipeline === undefined ? {} : { pipeline }) })
}

export const versionText = (): string => `waymark ${packageVersion()} on Node ${process.versions.node}\n`
export const versionDocument = (): object => document('version', { waymark: packageVersion(), node: process.versions.node })

/** The pipeline that `run FILE --help` names. */
async function describedBy({ command, arguments: [file] }: CommandLine, cwd: string): Promise<DescribedPipeline | undefined> {
  if (command?.takesParams !== true || file === undefined) return undefined
  checkPipelineFile(resolve(cwd, file), file)
  const { name, params } = await describePipeline(resolve(cwd, file), file)
  return { file, name, params }
}

/** The file is loaded in a process of its own, as for a run: what it prints or breaks stays there. */
async function describePipeline(file: string, shownFile: string): Promise<Extract<FromChild, { type: 'described' }>> {
  const { PipelineProcess } = await import('../child-process.ts')
  const order: ChildOrder = {
    kind: 'describe',
    file,
    shownFile,
    params: { raw: {}, afterDashes: [] },
    store: { from: '' },
    fresh: false,
    redo: [],
    acceptInput: false,
    acceptStale: false,
    supervisor: { pid: process.pid },
  }
  const found: Extract<FromChild, { type: 'described' }>[] = []
  const listeners = {
    onMessage: (message: FromChild) => void (message.type === 'described' && found.push(message)),
    onLine: () => {},
  }
  const end = await new PipelineProcess(order, listeners, systemClock).ended
  const [described] = found
  if (described !== undefined) return described
  const error = end.kind === 'outcome' && end.outcome.state === 'failed' ? end.outcome.error : undefined
  if (error !== undefined) throw new WaymarkError(error.code, error)
  throw new WaymarkError('invalid', {
    message: `the process that loaded ${shownFile} ended before the file was read`,
    means: 'Nothing was run.',
    remedy: `Look at what ${shownFile} does while it is loaded: node ${shownFile}`,
  })
}

/** As in package.json, two folders above this one or three. */
function packageVersion(): string {
  const manifest: { readonly version?: string } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version ?? '?'
}
