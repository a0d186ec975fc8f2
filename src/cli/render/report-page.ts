import { createHash } from 'node:crypto'
import { timeText } from './quantities.ts'
import type { ReportContent, ReportMark, ReportRow } from './report-content.ts'
import { reportStyle } from './report-style.ts'
import { unicodeGlyphs } from './screen.ts'

/** A report as one HTML file that asks for nothing: no script, no picture, no font, and a policy that would refuse them. */
export function reportPage(content: ReportContent, now: number): string {
  const { title, mark, facts, rows } = content
  const stages = rows.filter(row => row.kind === 'stage')
  const others = rows.filter(row => row.kind !== 'stage')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${markHtml(mark)}${escaped(title)}</h1>
${facts.length === 0 ? '' : `<p class="facts">${facts.map(escaped).join(' · ')}</p>\n`}${stageTable(stages)}${otherRows(others)}</main>
<footer>Waymark report of <time datetime="${timeText(now)}">${timeText(now)}</time></footer>
</body>
</html>
`
}

const hash = createHash('sha256').update(reportStyle).digest('base64')
const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`

type StageRow = Extract<ReportRow, { kind: 'stage' }>

function stageTable(stages: readonly StageRow[]): string {
  if (stages.length === 0) return ''
  const rows = stages.map(
    ({ mark, name, text }) => `<tr><th scope="row">${markHtml(mark)}${escaped(name)}</th><td>${escaped(text)}</td></tr>`,
  )
  return `<h2>Stages</h2>\n<table>\n${rows.join('\n')}\n</table>\n`
}

function otherRows(rows: readonly Exclude<ReportRow, StageRow>[]): string {
  return rows.length === 0 ? '' : `<ul>\n${rows.map(row => `<li>${rowHtml(row)}</li>`).join('\n')}\n</ul>\n`
}

function rowHtml(row: Exclude<ReportRow, StageRow>): string {
  switch (row.kind) {
    case 'fact': {
      const parts = [row.text === '' ? '' : escaped(row.text), row.command === undefined ? '' : commandHtml(row.command)]
      return `<b class="label">${escaped(row.label)}</b> <div>${parts.filter(part => part !== '').join(' ')}</div>`
    }
    case 'run':
      return `${markHtml(row.mark)}<div><b>${escaped(row.name)}</b> ${row.facts.map(escaped).join('. ')} ${commandHtml(row.command)}</div>`
    case 'look':
      return `<div>${escaped(row.text)} ${commandHtml(row.command)}</div>`
    case 'note':
      return `<div>${row.goesOn ? '… ' : ''}${escaped(row.text)}</div>`
  }
}

const markHtml = (mark: ReportMark | undefined): string =>
  mark === undefined ? '' : `<span class="mark ${mark.tone}" aria-hidden="true">${unicodeGlyphs[mark.glyph]}</span> `

const commandHtml = (command: string): string => `<code>${escaped(command)}</code>`

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text of users: nothing of it is markup, no control character and no change of direction gets through. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, character => entities[character] ?? '')
