import type { Glyphs, Tone } from './screen.ts'

/** States as they are shown: those of storage, and the derived ones. */
export type ShownState =
  | 'initialized'
  | 'running'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'recovering'
  | 'cancelled'
  | 'crashed'
  | 'reused'
  | 'waiting'

interface Mark {
  readonly glyph: keyof Glyphs
  readonly tone: Tone
}

const marks: Readonly<Record<ShownState, Mark>> = {
  initialized: { glyph: 'waiting', tone: 'quiet' },
  running: { glyph: 'running', tone: 'active' },
  recovering: { glyph: 'redo', tone: 'active' },
  paused: { glyph: 'paused', tone: 'waiting' },
  completed: { glyph: 'completed', tone: 'good' },
  failed: { glyph: 'failed', tone: 'bad' },
  cancelled: { glyph: 'cancelled', tone: 'quiet' },
  crashed: { glyph: 'crashed', tone: 'crashed' },
  reused: { glyph: 'reused', tone: 'reused' },
  waiting: { glyph: 'waiting', tone: 'quiet' },
}

export const stateMark = (state: ShownState): Mark => marks[state]
