// npm run test:sealed [-- FILES…] The tests of the store with every store sealed: those that are opened by WAYMARK_KEY, and the logs and chunks of simulated disks by what src/testing/sealed-by-tests.ts says. Takes many minutes.
// What cannot hold of a sealed store is named in test/plain-only.ts, and tried all the same: it is to fail, and to be there.
import { randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { plainOnly } from '../test/plain-only.ts'
import { judgeEnds, type SealedVerdict } from './sealed/judge-ends.ts'
import { testEnds } from './sealed/test-ends.ts'

const folders = ['log', 'engine', 'chunks', 'catalog', 'seal']
/** Files at the same time. */
const lanes = 2
const root = fileURLToPath(new URL('..', import.meta.url))
const given = process.argv.slice(2).map(path => relative(root, resolve(path)))
process.chdir(root)
Object.assign(process.env, {
  WAYMARK_TEST_SEALED: '1',
  WAYMARK_KEY: 'variable:WAYMARK_TEST_KEY',
  WAYMARK_TEST_KEY: randomBytes(32).toString('hex'),
})

const files = globSync(given.length > 0 ? given : folders.map(folder => `test/${folder}/**/*.test.ts`)).sort()
const waiting = [...files]
const verdicts: SealedVerdict[] = []

async function runNext(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const verdict = judgeEnds(
      await testEnds(resolve(file)),
      plainOnly.filter(exception => exception.file === file),
    )
    verdicts.push(verdict)
    const { passed, skipped, excepted, failed, stale } = verdict
    const others = Object.entries({ skipped, 'plain only': excepted.length, failed: failed.length, stale: stale.length })
    const counts = others.flatMap(([what, count]) => (count === 0 ? [] : `, ${count} ${what}`)).join('')
    console.log(`${file}: ${passed} passed${counts}`)
    for (const { name, error } of failed) console.log(indented(2, `FAILED ${name}\n${indented(2, inspect(error))}`))
    for (const what of stale) console.log(indented(2, `STALE EXCEPTION: ${what}`))
  }
}
await Promise.all(Array.from({ length: lanes }, runNext))

// A file that is gone is run by nobody.
const gone = plainOnly.map(({ file }) => file).filter(file => given.length === 0 && !files.includes(file))
for (const file of new Set(gone)) console.log(`STALE EXCEPTION: there is no file ${file} in what runs sealed`)
const excepted = Map.groupBy(
  verdicts.flatMap(verdict => verdict.excepted),
  ({ because }) => because,
)
console.log(`\nNot so in a sealed store (test/plain-only.ts):`)
for (const [because, tests] of excepted) console.log(`  ${tests.length} × ${because}`)
const sum = (count: (verdict: SealedVerdict) => number): number => verdicts.reduce((all, verdict) => all + count(verdict), 0)
const failed = sum(verdict => verdict.failed.length)
const stale = sum(verdict => verdict.stale.length) + gone.length
console.log(
  `\n${files.length} files with every store sealed: ${sum(({ passed }) => passed)} tests passed, ${sum(({ skipped }) => skipped)} skipped, ${sum(verdict => verdict.excepted.length)} plain only, ${failed} failed, ${stale} stale exceptions`,
)
process.exitCode = files.length > 0 && failed + stale === 0 ? 0 : 1

function indented(spaces: number, text: string): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces))
}
