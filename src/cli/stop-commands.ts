import type { ArgumentSpec, CommandSpec, FlagSpec } from './command-spec.ts'

const run: ArgumentSpec = { name: 'RUN', required: true, summary: 'RUN, PIPELINE@last, @last; a prefix of RUN' }
const noWait: FlagSpec = { name: 'no-wait', kind: 'switch', summary: 'only ask; do not wait until it has stopped' }
const timeout: FlagSpec = {
  name: 'timeout',
  kind: 'text',
  value: 'TIME',
  summary: 'how long to wait for it: 30s, 10m (default 10m)',
}
const reason: FlagSpec = { name: 'reason', kind: 'text', value: 'TEXT', summary: 'why: kept with the run and shown' }

/** Runs that are at work in another process. */
export const stopCommands: readonly CommandSpec[] = [
  {
    name: 'pause',
    group: 'Run',
    summary: 'stop a run of any process; it goes on only with resume',
    arguments: [run],
    flags: [{ name: 'now', kind: 'switch', summary: 'abort items in flight instead of finishing them' }, noWait, timeout, reason],
    examples: [
      { command: 'waymark pause @last', says: 'items in flight are finished first' },
      { command: 'waymark pause 7kq2m4 --now --reason "disk is full"', says: 'at once, with a reason for those who find it' },
    ],
    notes: ['Until it is resumed, waymark run with the same parameters exits 9 and changes nothing.'],
  },
  {
    name: 'cancel',
    group: 'Run',
    summary: 'give a run of any process up; it does not come back',
    arguments: [run],
    flags: [noWait, timeout, reason],
    examples: [{ command: 'waymark cancel 7kq2m4', says: 'items in flight are aborted; what is recorded stays' }],
    notes: ['The same command line begins a new run afterwards.'],
  },
  {
    name: 'watch',
    group: 'Inspect',
    summary: 'a run that another process works on, live, until it ends',
    arguments: [{ ...run, required: false, summary: 'RUN, PIPELINE@last, @last; without it, the newest that is running' }],
    flags: [{ name: 'every', kind: 'count', least: 1, value: 'N', summary: 'off a terminal: also a line every N items' }],
    examples: [
      { command: 'waymark watch', says: 'the newest run that is running' },
      { command: 'waymark watch 7kq2m4 --json', says: 'an object a line, the exit code last' },
    ],
    notes: ['Ends with the exit code of the run. Ctrl-C ends the watching only.'],
  },
]
