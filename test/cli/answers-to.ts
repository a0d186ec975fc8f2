import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fromSources } from '../from-sources.ts'
import type { Ended, WaymarkProject } from './waymark-project.ts'

/** Carries out commands one after another in one process, which takes a tenth of the time of as many processes. */
const allCommands = `
import { main } from ${JSON.stringify(new URL('../../src/cli/main.ts', import.meta.url).href)}
process.stdout.setMaxListeners(0)
process.stderr.setMaxListeners(0)
const write = process.stdout.write.bind(process.stdout)
const answers = []
for (const command of JSON.parse(process.argv[2])) {
  const answer = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) process[stream].write = (text, ...rest) => {
    answer[stream] += text
    rest.find(one => typeof one === 'function')?.()
    return true
  }
  answers.push({ code: await main(command), ...answer })
}
write(JSON.stringify(answers))
`

/** What a script of the project prints. */
export function inProject(cwd: string, ...script: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...fromSources, ...script], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: cwd, LANG: 'C.UTF-8' },
    maxBuffer: 1 << 26,
  })
  assert.equal(status, 0, stderr)
  return stdout
}

/** Carries out commands in a project, in one process. */
export async function answersTo(project: WaymarkProject, commands: readonly (readonly string[])[]): Promise<readonly Ended[]> {
  await project.write('all-commands.mjs', allCommands)
  return JSON.parse(inProject(project.path, 'all-commands.mjs', JSON.stringify(commands)))
}
