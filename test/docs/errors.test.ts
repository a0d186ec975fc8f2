import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitCodeOf } from 'waymark'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const codes = Object.entries(exitCodeOf).sort()

test('docs/errors.md lists every error code with its exit code, and no other', () => {
  const rows = [...page.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\) \| (\d+) \|/gm)].map(([, code, anchor, exit]) => {
    assert.equal(anchor, code)
    return [code, Number(exit)]
  })
  assert.deepEqual(rows.sort(), codes)
})

test('docs/errors.md says of every code when it comes, what it means for the data and what to do', () => {
  const sections = page.split(/^## /m).slice(1)
  for (const [code] of codes) {
    const section = sections.find(text => text.startsWith(`\`${code}\`\n`))
    assert.ok(section, `there is no section on ${code}`)
    const saysAll = ['When', 'Data', 'Do'].every(word => section.includes(`- **${word}:** `))
    assert.ok(saysAll || /^`\w+`\nReserved/.test(section), `the section on ${code} is not complete`)
  }
})
