import type { Glyphs, Tone } from './screen.ts'

/** What a report says, whatever it is drawn as: text, Markdown and HTML are made from the same. */
export interface ReportContent {
  readonly title: string
  /** Of the one run that it is about. */
  readonly mark?: ReportMark
  /** Beside the title. */
  readonly facts: readonly string[]
  readonly rows: readonly ReportRow[]
}

export interface ReportMark {
  readonly glyph: keyof Glyphs
  readonly tone: Tone
}

export type ReportRow =
  | { readonly kind: 'stage'; readonly mark: ReportMark; readonly name: string; readonly text: string }
  | { readonly kind: 'fact'; readonly label: string; readonly text: string; readonly command?: string }
  | {
      readonly kind: 'run'
      readonly mark: ReportMark
      readonly name: string
      readonly facts: readonly string[]
      readonly command: string
    }
  /** Something to look at. */
  | { readonly kind: 'look'; readonly text: string; readonly command: string }
  | { readonly kind: 'note'; readonly text: string; readonly goesOn: boolean }
