import type { ErrorCode } from '../model/errors.ts'

/** What an error code stands for, as `docs/errors.md` and `waymark explain` say it; in the Markdown of the page. */
export interface ErrorGuide {
  readonly short: string
  readonly when: string
  /** What it means for the data. */
  readonly data: string
  /** What to do. */
  readonly remedy: string
}

export const errorGuides: Readonly<Record<ErrorCode, ErrorGuide>> = {
  internal: {
    short: 'a defect of Waymark',
    when: 'a state that cannot be; an error nobody expected; an attempt whose counts are not what was planned (`details.differences`).',
    data: 'what was recorded is safe.',
    remedy: 'run it again with `--debug` and report what it prints.',
  },
  invalid: {
    short: 'wrong usage or wrong input',
    when: 'a value that cannot be stored (with the path inside it), params or a checkpoint that break a schema, a bad stage name, id, flag, config or address, a file that is no pipeline, items without `key`, a malformed line of an input (with its number), a store path that is no folder.',
    data: 'nothing of the call was done; items finished before it are recorded.',
    remedy: 'correct what the message names.',
  },
  unsupported: {
    short: 'another version is needed',
    when: 'Node is older than 22.18; a store, segment, pack or record was written by a newer Waymark; a stored class has no codec here; the pipeline was made by another copy of the package; `results()` of a file that was appended to.',
    data: 'intact; nothing was written.',
    remedy: 'use the version, or the codec, that wrote it.',
  },
  conflict: {
    short: 'two things exclude each other',
    when: "a stage called twice under one name; two items with one key; two stages with one output file; `run.stage` inside a stage's function; an id that was used before; a run id of other work; an output file that somebody changed, shortened or replaced; a stage that is now an `each` or the other way round; a store that was closed; segments of two stores in one folder; a pinned checkpoint to be deleted; a file that is there where one is to be restored; a file that changes while it is saved; a database that was restored from an older backup than the run that writes to it.",
    data: 'what was there is untouched.',
    remedy:
      'see the remedy: another name, a `key`, `ctx` instead of `run`, `--redo STAGE` for an output that cannot be restored.',
  },
  failed: {
    short: 'your code threw, or its process died',
    when: 'your code threw, after its retries; or its process was killed or crashed (then `details.cause` says how, with evidence if memory ran out).',
    data: 'everything finished before is recorded.',
    remedy: 'mend the cause and run the same command again.',
  },
  fenced: {
    short: 'the run has a newer owner',
    when: 'this process was thought dead, and another took its run over.',
    data: 'what this process recorded before counts; nothing after that.',
    remedy:
      'let it end. `waymark show RUN` shows the new owner. If it happens without a stalled process or container, report it.',
  },
  disk_full: {
    short: 'no space left',
    when: 'ENOSPC or EDQUOT, in the store or at an output.',
    data: 'what was recorded stays; what met the error does not count.',
    remedy: 'make room, run the same command again.',
  },
  limit: {
    short: 'something is too large, too long or too many',
    when: 'a stage or item took longer than its `timeoutMs`; a commit, value or line is too large (one commit to the log at most 512 MiB, a line of an input 256 MiB, a value nested too deep); too many open files.',
    data: 'what was recorded stays.',
    remedy: 'raise the limit the message names, or save less at a time.',
  },
  cancelled: {
    short: 'the run was told to stop',
    when: 'the run was told to stop: `stopSignal` or `signal` aborted, Ctrl-C, SIGTERM. Or `verify` or `repair` was, by its `signal`: nothing was changed. Or the run was given up with `waymark cancel` (`details.cancelled`): it does not come back. Or it stopped before a stage, as asked with `--until` or `--only` (`details.held`).',
    data: 'everything finished is recorded; the run is `paused`.',
    remedy: 'run the same command again; it goes on.',
  },
  corrupt: {
    short: 'damage',
    when: 'bytes are not what was written, or a file that is needed is missing or cut.',
    data: 'what the message names cannot be loaded; the rest can. `details.lastGood` is the newest intact checkpoint before it, where there is one.',
    remedy:
      "load that one; or run the stage again with `--redo STAGE`; or, where a run's own log is damaged, put the segment back from a backup or start with `--fresh`. A damaged catalog mends itself and is not an error. `waymark verify --full` says all that is damaged, `waymark repair` mends what can be ([recipes.md](recipes.md#check-a-store-and-mend-it)), in a sealed store as in a plain one. A file of a sealed store that `keys rekey` finds damaged: repair, then rekey again ([security.md](security.md#damage)).",
  },
  lease_held: {
    short: 'somebody else works on the run',
    when: 'another process works on the run (to go on with it, requeue or reset it, another one must not): it is alive, or its lease has not run out (30 s, where death cannot be proven); or it took the run over at the same moment, before anything of this attempt was recorded. In `details`: `run`, `owner`, `since`.',
    data: 'nothing was started.',
    remedy: 'wait, or stop that process.',
  },
  not_found: {
    short: 'there is no such thing',
    when: 'no such checkpoint, run, store, stage, pin, input file or pipeline file; nothing at a path inside a value; no unfinished run for `waymark resume`.',
    data: 'nothing was changed.',
    remedy: '`waymark ls` and `waymark where` show what there is.',
  },
  unavailable: {
    short: 'the disk or the store says no',
    when: 'permission denied, a read-only file system, an I/O error; a save into a store opened with `readOnly`; a service that holds the key of the store (AWS KMS, Vault) does not answer, or throttles, for 30 s (`retryable`).',
    data: 'what was recorded stays; what met the error does not count.',
    remedy:
      'mend the permission or the disk, or wait for the service, and run the same command again; or open the store with another of its keys.',
  },
  key_missing: {
    short: 'the store is sealed, and its key is not here',
    when: 'the store is sealed and no key was given, or none that is one of its master keys (the message names those, `details.masters` their ids); a key cannot be come by: its file is missing or can be read by others, its variable is empty, its command fails or prints no key, the passphrase is too short, or a service refuses it (no permission, a disabled or another key, a sealed Vault); or the store was sealed while this process had it open in plain.',
    data: 'nothing was read or written. What a process was told is recorded before the store was sealed, is.',
    remedy:
      'give the key with `--key SOURCE`, `WAYMARK_KEY` or `open({ key })` ([cli.md](cli.md#waymark-keys-verb-what)); a process that had the store open is started again with it.',
  },
  paused: {
    short: 'somebody stopped the run on purpose: decide',
    when: 'somebody stopped the run on purpose (`waymark pause`, `store.pause`): the attempt that was stopped ends with it, and so does every later one that was not told to go on all the same. In `details`: `run`, `request` (who, when, why). A run stopped by a signal is `cancelled`, and goes on with the next attempt.',
    data: 'everything finished is recorded.',
    remedy: '`waymark resume RUN` (in process `resumePaused: true`) goes on with it, `--fresh` starts anew.',
  },
  stale: {
    short: 'the run is old: decide',
    when: 'the unfinished run was last worked on more than 24 hours ago (`staleAfterMs`).',
    data: 'everything it recorded is kept; nothing was run.',
    remedy: '`--accept-stale` (in process `acceptStale: true`) goes on with it, `--fresh` starts anew.',
  },
  input_changed: {
    short: 'an input file changed: decide',
    when: 'the input of an `each` is not the one the run began with: a file by its SHA-256, anything else by the `input` you gave. The message says what changed: size, time and digest of a file, the fingerprint before and now. A JSONL or CSV file that only got longer is recognised: "the first 1,204 bytes are the same: the old part unchanged, 12 new lines".',
    data: 'nothing was run; recorded items are kept until you decide.',
    remedy:
      'put the old file back, or `--accept-input` (`acceptInput: true`), or `--fresh`. Accepted, a file that only got longer keeps every recorded item and only the new ones are called. After any other change items known by key stay done and new keys are called; items known by index are all called again and the output is replaced.',
  },
  confirmation: {
    short: 'a destructive command without `--yes`',
    when: 'a command that throws something away or changes files of the store (`waymark reset`, `cleanup`, `repair`) was given without `--yes`, or what it asked to be typed was not typed.',
    data: 'nothing was changed.',
    remedy: 'read the plan it printed, then run it with `--yes`.',
  },
}
