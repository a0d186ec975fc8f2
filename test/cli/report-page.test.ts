import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ReportContent, ReportRow } from '../../src/cli/render/report-content.ts'
import { reportMarkdown } from '../../src/cli/render/report-lines.ts'
import { reportPage } from '../../src/cli/render/report-page.ts'
import { unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { stateMark } from '../../src/cli/render/state-marks.ts'

const mark = stateMark('failed')
const screen = { columns: 80, rows: 24, color: false, glyphs: unicodeGlyphs }

const rowsOf = (text: string): readonly ReportRow[] => [
  { kind: 'stage', mark, name: text, text },
  { kind: 'fact', label: 'aside', text, command: 'waymark items r1' },
  { kind: 'fact', label: 'next', text: '', command: 'waymark show r1' },
  { kind: 'run', mark, name: text, facts: [text, text], command: 'waymark resume r1' },
  { kind: 'look', text, command: 'waymark items r1 --set-aside' },
  { kind: 'note', text: 'and 3 more', goesOn: true },
]
const contentOf = (text: string): ReportContent => ({ title: text, mark, facts: [text], rows: rowsOf(text) })

/** What a browser shows of it, in order. */
const shownText = (html: string): string =>
  html
    .replace(/^.*<body>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

test('X12 the page says what the Markdown says, and asks for nothing', () => {
  const content = contentOf('orders: failed & <gone>')
  const html = reportPage(content, 0)
  const words = (text: string): readonly string[] => text.match(/[\w<>&]+/g) ?? []
  const markdown = reportMarkdown(content, screen)
    .map(([span]) => span?.text.replaceAll('\\', ''))
    .join('\n')
  const shown = words(shownText(html))
  for (const word of words(markdown)) assert.ok(shown.includes(word), word)
  assert.doesNotMatch(html, /<(script|img|link|iframe|object|form|a|base)\b|url\(|@import|https?:|\son\w+=|style=/)
})

test('D11 the policy of the page allows its own style and nothing else', () => {
  const html = reportPage(contentOf('x'), 0)
  const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? ''
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]
  const hash = createHash('sha256').update(style).digest('base64')
  assert.equal(policy, `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`)
  assert.ok(html.indexOf('Content-Security-Policy') < html.indexOf('<style>'))
})

test('D11 whatever a user’s text is, nothing of it is markup in the page', () => {
  const tags = (html: string) => html.match(/<[^>]*>/g)?.filter(tag => !tag.startsWith('<time')) ?? []
  const plain = tags(reportPage(contentOf('x'), 0))
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '</title><b>',
      `"'><img src=x onerror=a>`,
      '&lt;b&gt;',
      '\u202ereversed',
      '\ud800',
    ),
  )
  fc.assert(
    fc.property(
      fc.array(hostile).map(parts => parts.join('')),
      text => {
        const html = reportPage(contentOf(text), 0)
        assert.deepEqual(tags(html), plain)
        assert.doesNotMatch(html.replaceAll('\n', ''), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
        assert.ok(html.isWellFormed())
      },
    ),
    { numRuns: 200 },
  )
})
