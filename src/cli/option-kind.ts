/** What a value of an option of the config may be. */
export interface OptionKind {
  /** Completes “has to be …”. */
  readonly text: string
  readonly holds: (value: unknown) => boolean
  /** The value that a text of the environment says; undefined: none. */
  readonly read: (text: string) => unknown
  /** Completes “WAYMARK_X …” for a text that says none. */
  readonly needed: string
  /** The values there are, where they can be listed. */
  readonly choices?: readonly string[]
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

const unitsMs: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const unitsBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/** `1500`, `1.5h`, `10 MB`: an amount in units; undefined where it is none. */
function amountIn(units: Readonly<Record<string, number>>, text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]*)$/i.exec(text.trim()) ?? []
  const known = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  return amount === undefined || known === undefined ? undefined : Number(amount) * known
}

const spanMs = (text: string, holds: (value: unknown) => boolean): OptionKind => ({
  text,
  holds,
  read: typed => {
    const ms = typed.toLowerCase() === 'never' ? Number.POSITIVE_INFINITY : amountIn(unitsMs, typed)
    return holds(ms) ? ms : undefined
  },
  needed: 'needs a time such as 30s, 24h or 7d, or a number of milliseconds',
})

/** Kinds that options have. */
export const optionKinds = {
  path: { text: 'a path', holds: isText, read: text => text, needed: 'needs a path' },
  key: {
    text: 'what names a key: file:PATH, say',
    holds: isText,
    read: text => text,
    needed: 'needs what names a key: file:PATH, say',
  },
  flag: {
    text: 'true or false',
    holds: value => typeof value === 'boolean',
    read: text => ({ 1: true, true: true, 0: false, false: false })[text.toLowerCase()],
    needed: 'is 1, 0, true or false',
    choices: ['true', 'false'],
  },
  count: {
    text: 'a whole number from 0',
    holds: isCount,
    read: text => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
    needed: 'needs a whole number',
  },
  countFrom1: {
    text: 'a whole number from 1',
    holds: value => isCount(value) && value !== 0,
    read: text => (/^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
    needed: 'needs a whole number from 1',
  },
  days: {
    text: 'a number of days from 0 on',
    holds: value => isNumber(value) && Number.isFinite(value) && value >= 0,
    read: text => (/^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined),
    needed: 'needs a whole number, of days',
  },
  share: {
    text: 'a number above 0 and at most 1',
    holds: value => isNumber(value) && value > 0 && value <= 1,
    read: text => (/^(0?\.\d{1,9}|1)$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
    needed: 'needs a number above 0 and at most 1',
  },
  pauseMs: spanMs('a whole number of milliseconds from 0', isCount),
  limitMs: spanMs('a number of milliseconds above 0 (Infinity: never stale)', value => isNumber(value) && value > 0),
  lifeMs: spanMs('a number of milliseconds from 0', value => isNumber(value) && value >= 0),
  policyMs: spanMs('a number of milliseconds', value => isNumber(value) && value >= 0 && Number.isFinite(value)),
  bytes: {
    text: 'a whole number of bytes from 1',
    holds: value => isCount(value) && value !== 0,
    read: text => {
      const bytes = Math.round(amountIn(unitsBytes, text) ?? 0)
      return isCount(bytes) && bytes >= 1 ? bytes : undefined
    },
    needed: 'needs a size such as 500kB, 10MB or 1GiB, or a number of bytes',
  },
  compression: {
    text: "'none', 'zstd', 'gzip' or 'brotli', or one of them with its level: { codec: 'zstd', level: 3 }",
    holds: value => isCompression(value),
    read: text => {
      const [, codec, level] = /^([a-z]+)(?::(\d{1,2}))?$/.exec(text) ?? []
      const compression = { codec, ...(level === undefined ? {} : { level: Number(level) }) }
      return isCompression(compression) ? compression : undefined
    },
    needed: 'is none, zstd, gzip or brotli, or one of them with its level: zstd:3',
  },
} satisfies Record<string, OptionKind>

/** Levels of each codec, both ends included, as `checkCompression` of the store has them. */
const levels: Readonly<Record<string, readonly [lowest: number, highest: number]>> = {
  none: [0, 0],
  zstd: [1, 22],
  gzip: [1, 9],
  brotli: [0, 11],
}

function isCompression(value: unknown): boolean {
  if (typeof value === 'string') return Object.hasOwn(levels, value)
  if (typeof value !== 'object' || value === null || !('codec' in value) || typeof value.codec !== 'string') return false
  if (Object.keys(value).some(name => name !== 'codec' && name !== 'level')) return false
  const [lowest, highest] = (Object.hasOwn(levels, value.codec) ? levels[value.codec] : undefined) ?? [1, 0]
  const level = 'level' in value ? value.level : undefined
  if (level === undefined) return highest >= lowest
  return typeof level === 'number' && Number.isInteger(level) && level >= lowest && level <= highest
}

/** One of these words. */
export function choiceOf(choices: readonly string[]): OptionKind {
  const quoted = choices.map(choice => `'${choice}'`)
  const isChoice = (value: unknown): boolean => choices.some(choice => choice === value)
  return {
    text: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    holds: isChoice,
    read: text => (isChoice(text) ? text : undefined),
    needed: `is ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
    choices,
  }
}
