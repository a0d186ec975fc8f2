import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { WaymarkError } from '../../model/errors.ts'
import { configFileNames } from '../config-file.ts'
import { configTemplate } from '../config-template.ts'
import { answerTo, canBeAsked } from '../confirm.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { factLine } from '../render/fact-line.ts'
import { type Line, line, span } from '../render/screen.ts'
import { shellWords } from '../shell-words.ts'

/** What it writes and what it leaves as it is; names in the folder. */
interface InitPlan {
  readonly folder: string
  readonly write: readonly { readonly name: string; readonly text: string }[]
  readonly left: readonly string[]
  /** It is there, and says nothing of `.waymark`. */
  readonly ignores: boolean
  /** Node takes the files for modules without a second look. */
  readonly isModule: boolean
}

const ignoredLine = '.waymark/'

/** `waymark init [FOLDER]` */
export async function initCommand(context: Context): Promise<number> {
  const { line: typed, output, cwd } = context
  const [folder = '.'] = typed.arguments
  const plan = await initPlan(resolve(cwd, folder))
  const isNothing = plan.write.length === 0 && !plan.ignores
  const next = nextCommand(cwd, plan.folder)
  if (!isNothing && !typed.flags.on('yes')) await confirm(context, plan, folder)
  if (!isNothing) await carryOut(plan)
  if (output.json) {
    const written = [...plan.write.map(({ name }) => name), ...(plan.ignores ? ['.gitignore'] : [])]
    output.jsonLine(document('init', { folder: plan.folder, written, left: plan.left }, { command: next }))
    return 0
  }
  await output.result([
    ...planLines(plan, 'wrote'),
    ...(isNothing ? [line('nothing was left to write')] : []),
    ...(plan.isModule ? [] : [factLine('first', 'npm pkg set type=module (or Node warns at each run)')]),
    factLine('next', next),
  ])
  return 0
}

async function initPlan(folder: string): Promise<InitPlan> {
  const config = configFileNames.find(name => existsSync(join(folder, name)))
  const files = [
    ...(config === undefined ? [{ name: 'waymark.config.ts', text: configTemplate() }] : []),
    { name: 'pipeline.ts', text: firstPipeline },
  ]
  const isThere = ({ name }: { readonly name: string }): boolean => existsSync(join(folder, name))
  const ignored = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => undefined)
  return {
    folder,
    write: files.filter(file => !isThere(file)),
    left: [...(config === undefined ? [] : [config]), ...files.filter(isThere).map(({ name }) => name)],
    isModule: await isModule(folder),
    ignores: ignored !== undefined && !/^\s*(?:\*\*\/|\/)?\.waymark\/?\s*$/m.test(ignored),
  }
}

/** Without a package.json Node warns of nothing. */
async function isModule(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  return text === undefined || /"type"\s*:\s*"(?:module|commonjs)"/.test(text)
}

async function carryOut({ folder, write, ignores }: InitPlan): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    // Nothing is overwritten, also not what appears at this moment.
    for (const { name, text } of write) await writeFile(join(folder, name), text, { flag: 'wx' })
    if (!ignores) return
    const file = join(folder, '.gitignore')
    const text = await readFile(file, 'utf8')
    await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${ignoredLine}\n`)
  } catch (error) {
    throw new WaymarkError('unavailable', {
      message: `the files of a project cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      means: 'Nothing that was there is changed; of the new files some may be there.',
      remedy: 'Mend that, and run waymark init again: it writes what is missing.',
      cause: error,
    })
  }
}

async function confirm(context: Context, plan: InitPlan, folder: string): Promise<void> {
  if (canBeAsked(context)) {
    await context.output.message(planLines(plan, 'writes'))
    if (/^(y(es)?)?$/i.test(await answerTo('Go on? [Y/n] '))) return
  }
  const files = [...plan.write.map(({ name }) => name), ...(plan.ignores ? ['.gitignore'] : [])].join(', ')
  throw new WaymarkError('confirmation', {
    message: `waymark init writes ${files} in ${plan.folder}, and was not told to`,
    means: 'Nothing was written.',
    remedy: `waymark init ${folder === '.' ? '' : `${shellWords([folder])} `}--yes`,
  })
}

function planLines({ folder, write, left, ignores }: InitPlan, verb: string): Line[] {
  const written = write.map(({ name }) => factLine(verb, join(folder, name)))
  const kept = left.map(name => factLine('left', span(`${join(folder, name)}: it is there`, 'quiet')))
  return [...written, ...(ignores ? [factLine(verb, `${ignoredLine} into ${join(folder, '.gitignore')}`)] : []), ...kept]
}

function nextCommand(cwd: string, folder: string): string {
  const path = relative(cwd, folder)
  return `${path === '' ? '' : `cd ${shellWords([path])} && `}waymark run pipeline.ts`
}

/** Takes five seconds, so that there is time to kill it. */
const firstPipeline = `import { setTimeout } from 'node:timers/promises'
import { jsonl, pipeline } from 'waymark'

// Kill it while it runs, and run it again: it goes on where it stopped.
export default pipeline('first', async run => {
  const numbers = run.stage('numbers', () => Array.from({ length: 100 }, (_, n) => n))
  const squares = await run.each('square', numbers, async n => {
    await setTimeout(50) // stands for real work
    return { n, square: n * n }
  }, { output: jsonl('squares.jsonl') })
  return run.stage('report', () => ({ squares: squares.done }))
})
`
