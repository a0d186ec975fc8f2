// npm run layers
// Who may import whom, checked against the table in scripts/layers/layer-table.ts.
import { readSourceFiles } from './layers/read-source-files.ts'
import { findViolations } from './layers/rules.ts'

const files = readSourceFiles(process.argv[2] ?? '.')
const violations = findViolations(files)

for (const { file, line, rule, reason } of violations) console.error(`${file}:${line}  ${rule}\n    ${reason}\n`)

if (violations.length > 0) {
  console.error(
    `${violations.length} ${violations.length === 1 ? 'violation' : 'violations'} of the layers in ${files.length} files.`,
  )
  process.exitCode = 1
} else {
  console.log(`The layers hold in ${files.length} files.`)
}
