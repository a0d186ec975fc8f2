import type { ArgumentSpec, FlagSpec } from './command-spec.ts'

export const address: ArgumentSpec = {
  name: 'ADDRESS',
  required: true,
  summary: 'RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last, @failed; a prefix of RUN',
}

export const staleAfter: FlagSpec = {
  name: 'stale-after',
  kind: 'text',
  value: 'TIME',
  summary: 'an unfinished run untouched for so long is stale: 12h, 7d (default 24h)',
}

/** Understood by every command. */
export const commonFlags: readonly FlagSpec[] = [
  {
    name: 'store',
    kind: 'text',
    value: 'PATH',
    summary: 'the store (else WAYMARK_STORE, the config, a .waymark folder above)',
  },
  {
    name: 'open-key',
    // Of a command that has a --key of its own, the long name alone.
    alias: 'key',
    kind: 'text',
    value: 'SOURCE',
    summary: 'opens a sealed store: file:PATH ... (else WAYMARK_KEY, the config)',
  },
  { name: 'json', kind: 'switch', summary: 'print JSON only: one document, or an object a line (run, resume, events)' },
  {
    name: 'progress',
    kind: 'text',
    value: 'MODE',
    choices: ['auto', 'plain', 'none'],
    summary: 'auto draws on a terminal, plain writes state lines, none is silent',
  },
  { name: 'quiet', short: 'q', kind: 'switch', summary: 'only errors and the last line' },
  { name: 'color', kind: 'switch', summary: 'colours even where the output is no terminal' },
  { name: 'no-color', kind: 'switch', summary: 'no colours' },
  { name: 'debug', kind: 'switch', summary: 'errors with their full stack' },
  { name: 'help', short: 'h', kind: 'switch', summary: 'help on the command' },
]

export const rootFlags: readonly FlagSpec[] = [
  ...commonFlags,
  { name: 'version', short: 'V', kind: 'switch', summary: 'the version of Waymark and Node' },
]
