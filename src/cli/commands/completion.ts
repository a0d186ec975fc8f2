import { nearest } from '../../model/did-you-mean.ts'
import { wrongUsage } from '../command-line.ts'
import { commandNamed } from '../command-table.ts'
import { completions } from '../completion.ts'
import { bashCompletion } from '../completion-bash.ts'
import { fishCompletion } from '../completion-fish.ts'
import { zshCompletion } from '../completion-zsh.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'

const shells: Readonly<Record<string, (from: ReturnType<typeof completions>) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `waymark completion SHELL` */
export async function completionCommand({ line, output }: Context): Promise<number> {
  const [asked = ''] = line.arguments
  const write = Object.hasOwn(shells, asked) ? shells[asked] : undefined
  if (write === undefined) {
    const near = nearest(asked, Object.keys(shells))
    const meant = near === undefined ? `; there are ${Object.keys(shells).join(', ')}` : `; did you mean ${near}?`
    throw wrongUsage(`there is no completion for ${JSON.stringify(asked)}${meant}`, commandNamed('completion'))
  }
  const script = write(completions())
  if (output.json) output.jsonLine(document('completion', { shell: asked, script }))
  else output.document(script)
  return 0
}
