import type { WaymarkConfig } from '../config.ts'
import { durabilities } from '../model/durability.ts'
import { logLevels } from '../model/log-options.ts'
import { choiceOf, type OptionKind, optionKinds } from './option-kind.ts'

/** An option of the config: its check, its documentation, `waymark config --explain` and what `waymark init` writes are made from this. */
export interface ConfigOption {
  /** What it is, in a line. */
  readonly summary: string
  readonly kind: OptionKind
  /** What holds where nothing says otherwise, as text for people. */
  readonly default: string
  readonly variable?: `WAYMARK_${string}`
  /** As the table of commands calls it; a switch has the value that it stands for. */
  readonly flag?: { readonly name: string; readonly shown?: string; readonly means?: unknown }
  /** Which commands heed it. */
  readonly scope: 'every command' | 'commands that save' | 'run'
  /** As it stands in the config that `waymark init` writes. */
  readonly example: string
  /** Its value is not shown: it may be a secret, put where the name of one belongs. */
  readonly hidden?: true
  /** Its paths are relative to the file it stands in. */
  readonly path?: true
}

/** Options under one name. */
export interface OptionGroup {
  readonly summary: string
  readonly parts: Readonly<Record<string, ConfigOption>>
  /** `false` in its place switches all of it off. */
  readonly off?: { readonly variable: `WAYMARK_${string}`; readonly text: string }
}

/** Every option there is, in the order in which they are listed. */
export const configOptions = {
  store: {
    summary: 'folder of the store',
    kind: optionKinds.path,
    default: 'the .waymark folder found upward, else beside the nearest package.json',
    variable: 'WAYMARK_STORE',
    flag: { name: 'store' },
    scope: 'every command',
    example: "'.waymark'",
    path: true,
  },
  key: {
    summary:
      'what names the key of a sealed store: `file:PATH`, `variable:NAME`, `command:COMMAND`, `passphrase`, `aws-kms:ARN`, `vault:ADDRESS/KEY`; never the key itself',
    kind: optionKinds.key,
    default: 'none',
    variable: 'WAYMARK_KEY',
    flag: { name: 'open-key', shown: '--key' },
    scope: 'every command',
    example: "'file:/run/secrets/waymark.key'",
    hidden: true,
    path: true,
  },
  checkpoints: {
    summary: 'false: the same results, and nothing kept: no store is made or touched',
    kind: optionKinds.flag,
    default: 'true',
    variable: 'WAYMARK_CHECKPOINTS',
    flag: { name: 'no-checkpoints', means: false },
    scope: 'run',
    example: 'true',
  },
  resume: {
    summary:
      'what `waymark run` does with an unfinished run of the same work: goes on (`auto`), begins anew (`never`), or asks first (`ask`)',
    kind: choiceOf(['auto', 'never', 'ask']),
    default: 'auto',
    variable: 'WAYMARK_RESUME',
    flag: { name: 'fresh', means: 'never' },
    scope: 'run',
    example: "'auto'",
  },
  save: {
    summary: 'when the progress inside a stage is saved; whatever is due first wins. The end of a stage is always saved',
    parts: {
      items: {
        summary: 'after so many finished items',
        kind: optionKinds.countFrom1,
        default: 'by `share` and `overhead`',
        variable: 'WAYMARK_SAVE_ITEMS',
        scope: 'run',
        example: '1000',
      },
      units: {
        summary: 'after so many calls of a function that takes batches',
        kind: optionKinds.countFrom1,
        default: 'by `share` and `overhead`',
        variable: 'WAYMARK_SAVE_UNITS',
        scope: 'run',
        example: '10',
      },
      share: {
        summary: 'after so much of all items, from 0 to 1',
        kind: optionKinds.share,
        default: '0.05, where saves cost no more than `overhead`',
        variable: 'WAYMARK_SAVE_SHARE',
        scope: 'run',
        example: '0.05',
      },
      ms: {
        summary: 'after so many milliseconds',
        kind: optionKinds.policyMs,
        default: 'adaptive, at most 5 minutes',
        variable: 'WAYMARK_SAVE_MS',
        scope: 'run',
        example: '300_000',
      },
      overhead: {
        summary: 'share of the time that saving may take, from 0 to 1',
        kind: optionKinds.share,
        default: '0.01',
        variable: 'WAYMARK_SAVE_OVERHEAD',
        scope: 'run',
        example: '0.01',
      },
    },
  },
  durability: {
    summary: 'what the records of a run survive: a power cut (`power`), a kill (`process`), a clean end (`exit`)',
    kind: choiceOf(durabilities),
    default: 'power',
    variable: 'WAYMARK_DURABILITY',
    flag: { name: 'durability' },
    scope: 'run',
    example: "'power'",
  },
  compression: {
    summary: 'how what is saved is compressed: none, zstd, gzip or brotli, or `{ codec, level }`; in a variable `zstd:3`',
    kind: optionKinds.compression,
    default: 'zstd, level 1',
    variable: 'WAYMARK_COMPRESSION',
    scope: 'commands that save',
    example: "{ codec: 'zstd', level: 1 }",
  },
  parity: {
    summary: 'keeps parity beside each pack, from which a repair heals damage: 3 to 5 % more bytes',
    kind: optionKinds.flag,
    default: 'false',
    variable: 'WAYMARK_PARITY',
    scope: 'commands that save',
    example: 'false',
  },
  defaultTtlMs: {
    summary: 'after so many milliseconds a checkpoint is expired that was saved without a time to live',
    kind: optionKinds.lifeMs,
    default: 'never',
    variable: 'WAYMARK_DEFAULT_TTL_MS',
    scope: 'commands that save',
    example: '2_592_000_000',
  },
  retention: {
    summary: 'whenever a run ends, deletes what `waymark cleanup` would; left out or false: nothing',
    off: { variable: 'WAYMARK_RETENTION', text: 'false, or an object such as { olderThanDays: 7 }' },
    parts: {
      olderThanDays: {
        summary: 'of runs that ended more than so many days ago',
        kind: optionKinds.days,
        default: '7, where there is a retention',
        variable: 'WAYMARK_RETENTION_DAYS',
        scope: 'run',
        example: '7',
      },
      newestRuns: {
        summary: 'so many newest runs of each pipeline are kept',
        kind: optionKinds.count,
        default: '10, where there is a retention',
        variable: 'WAYMARK_RETENTION_NEWEST_RUNS',
        scope: 'run',
        example: '10',
      },
    },
  },
  redact: {
    summary: 'paths of what no command shows, besides what looks like a secret by its key; in a variable with commas between',
    kind: {
      text: "a list of paths such as ['params.login', '**.email']",
      // Its paths are read after it.
      holds: value => Array.isArray(value),
      read: text => {
        const paths = text.split(',').map(path => path.trim())
        return paths.includes('') ? undefined : paths
      },
      needed: 'needs paths with commas between: params.login,**.email',
    },
    default: 'nothing more',
    variable: 'WAYMARK_REDACT',
    scope: 'every command',
    example: "['params.login', '**.email']",
  },
  progress: {
    summary: '`auto` draws on a terminal, `plain` writes state lines, `none` is silent',
    kind: choiceOf(['auto', 'plain', 'none']),
    default: 'auto',
    variable: 'WAYMARK_PROGRESS',
    flag: { name: 'progress' },
    scope: 'every command',
    example: "'auto'",
  },
  restart: {
    summary: 'how often a crashed or failed run is started again',
    kind: optionKinds.count,
    default: '0',
    variable: 'WAYMARK_RESTART',
    flag: { name: 'restart' },
    scope: 'run',
    example: '3',
  },
  backoffMs: {
    summary: 'the pause before the first restart, in milliseconds; doubles, up to 30 s',
    kind: optionKinds.pauseMs,
    default: '1,000',
    variable: 'WAYMARK_BACKOFF_MS',
    flag: { name: 'backoff' },
    scope: 'run',
    example: '1_000',
  },
  staleAfterMs: {
    summary: 'an unfinished run untouched for longer is not gone on with silently, in milliseconds',
    kind: optionKinds.limitMs,
    default: '86,400,000 (24 hours)',
    variable: 'WAYMARK_STALE_AFTER_MS',
    flag: { name: 'stale-after' },
    scope: 'every command',
    example: '86_400_000',
  },
  logs: {
    summary: 'what is logged, and where to',
    parts: {
      level: {
        summary: 'the least that is written: trace, debug, info, warn, error, fatal, silent',
        kind: choiceOf(logLevels),
        default: 'info',
        variable: 'WAYMARK_LOGS_LEVEL',
        scope: 'run',
        example: "'info'",
      },
      console: {
        summary: 'what goes into the files is written to stderr as well',
        kind: optionKinds.flag,
        default: 'false',
        variable: 'WAYMARK_LOGS_CONSOLE',
        scope: 'run',
        example: 'false',
      },
      folder: {
        summary: 'folder of the files',
        kind: optionKinds.path,
        default: '`logs` beside the store',
        variable: 'WAYMARK_LOGS_FOLDER',
        scope: 'run',
        example: "'logs'",
        path: true,
      },
      perStage: {
        summary: 'each stage has a file of its own besides',
        kind: optionKinds.flag,
        default: 'false',
        variable: 'WAYMARK_LOGS_PER_STAGE',
        scope: 'run',
        example: 'false',
      },
      keepDays: {
        summary: 'old files that nothing was written to for so many days are deleted',
        kind: optionKinds.days,
        default: '7',
        variable: 'WAYMARK_LOGS_KEEP_DAYS',
        scope: 'run',
        example: '7',
      },
      maxBytes: {
        summary: 'a file of so many bytes, or of a day before, is gone on with in a new one',
        kind: optionKinds.bytes,
        default: '10,485,760 (10 MiB)',
        variable: 'WAYMARK_LOGS_MAX_BYTES',
        scope: 'run',
        example: '10_485_760',
      },
      files: {
        summary: 'at most so many old files of each log',
        kind: optionKinds.count,
        default: '5',
        variable: 'WAYMARK_LOGS_FILES',
        scope: 'run',
        example: '5',
      },
    },
  },
} satisfies { readonly [Name in keyof Required<WaymarkConfig>]: ConfigOption | OptionGroup }

/** The same by any name. */
export const optionsByName: Readonly<Record<string, ConfigOption | OptionGroup>> = configOptions

/** One option by its full name: `logs.level`. */
export interface NamedOption extends ConfigOption {
  readonly name: string
  readonly group?: string
}

/** Every option that has a value, in order. */
export const namedOptions: readonly NamedOption[] = Object.entries(optionsByName).flatMap(
  ([name, option]): readonly NamedOption[] =>
    'parts' in option
      ? Object.entries(option.parts).map(([part, one]) => ({ ...one, name: `${name}.${part}`, group: name }))
      : [{ ...option, name }],
)
