// npm run bench [-- NAME …]
// Runs the files in bench/, or those named, one after another: two at once would measure each other. What they share is in folders.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const folder = join(import.meta.dirname, '..', 'bench')
const known = readdirSync(folder)
  .filter(file => file.endsWith('.ts'))
  .map(file => basename(file, '.ts'))
  .sort()
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !known.includes(name))

if (unknown.length > 0) {
  console.error(`No benchmark named ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
  process.exitCode = 2
} else {
  const failed = (wanted.length > 0 ? wanted : known).filter(name => {
    console.log(`\n== ${name}`)
    const command = [...process.execArgv, join(folder, `${name}.ts`)]
    return spawnSync(process.execPath, command, { stdio: 'inherit' }).status !== 0
  })
  if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}.`)
  process.exitCode = failed.length > 0 ? 1 : 0
}
