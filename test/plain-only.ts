/** Tests of a file that fail where every store is sealed, and must. */
export interface PlainOnly {
  /** Why they cannot be run sealed. */
  readonly because: string
  readonly file: string
  /** Whole names, with the suites that they are in: `suite › test`. */
  readonly tests: readonly string[]
}

const beginsPlain = 'it seals a store that has to be plain before'
const needsPlain = 'it needs a plain store beside, or is about who has no key'
const indexInMemory = 'it gets at events.sqlite, and a sealed store keeps its index of events in memory'
const forgesPlain = 'it forges the bytes of plain packs; forged ones of a sealed store are tried in test/seal'
const goldenPlain = 'it reads a plain store of an earlier version, kept as it was then'
const readsBytes = 'it looks for plain bytes in the log'
const catalogInMemory = 'it asks the catalog file of another process, and a sealed store has its catalog in memory'
const readsAhead =
  'it counts what is read of the log ahead and kept, and of a sealed store each record is read by itself and none is kept'
const foundInPlain = 'its seed was found with the draws that a plain log makes'

/** Every test that `npm run test:sealed` lets fail. It fails itself where one of these passes, or is not there. */
export const plainOnly: readonly PlainOnly[] = [
  {
    because: goldenPlain,
    file: 'test/engine/damage-store.test.ts',
    tests: ['of format 1.0, its catalog built anew', 'of format 1.0, its catalog kept'].map(
      name =>
        `[X7 A15] a damaged store gives what was saved, or says that it is damaged: never anything wrong, never anything older in silence › ${name}`,
    ),
  },
  {
    because: catalogInMemory,
    file: 'test/engine/damaged-progress.test.ts',
    tests: [
      'B8 after a damaged progress record the run is refused with what mends it, and then goes on from the record before, which the user is told',
    ],
  },
  {
    because: catalogInMemory,
    file: 'test/engine/load-just-saved.test.ts',
    tests: [
      'E1 what another process says of a checkpoint just saved counts here once that process has written the catalog, whether this one ever has or not',
    ],
  },
  {
    because: indexInMemory,
    file: 'test/engine/events-index.test.ts',
    tests: [
      'A9 while another process has the index the event loop goes on, and the answer comes from the same file when it lets go',
      'A9 an index that stays in use is told of as such after half a minute, and answers again later',
      'A9 a list of events that is half told when the index is damaged goes on behind the last one: each once, none missing',
      'A9 a list of events that is half told when the index is emptied by another process goes on behind the last one: each once, none missing',
      'A9 a follower tells nothing again when another process emptied the index',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/seal/unknown-data-key.test.ts',
    tests: ['E6 A15 a segment sealed as a file with a key the ring lacks is damage of that segment alone'],
  },
  {
    because: readsAhead,
    file: 'test/engine/event-reading.test.ts',
    tests: ['oldest', 'newest'].flatMap(order => [
      `A9 a page of rare events, ${order} first, reads their records and nothing between them; asked once more it reads none`,
      `A9 who goes through all events, ${order} first, reads many records at once`,
    ]),
  },
  {
    because: indexInMemory,
    file: 'test/engine/events.test.ts',
    tests: [
      'A9 a damaged index is set aside and built anew, a missing one too, and the answers are the same',
      'A9 an index that turns out damaged while it is used is built anew, and a follower gets nothing twice',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/engine/init-keys-power-cut.test.ts',
    tests: [
      'E6 X2 a power cut anywhere while a store is sealed leaves a plain store, or one that its key opens and can be sealed again',
      'without the sync of the ring the simulation goes red (R2)',
      'without the sync of the folder of the ring the simulation goes red (R2)',
      'without the sync of the folder the ring is in the simulation goes red (R2)',
    ],
  },
  {
    because: needsPlain,
    file: 'test/engine/key-of-plain-store.test.ts',
    tests: [
      'E6 whoever gives a key for a store that is not sealed is told so: nothing is written that anybody could read',
      'E6 of two that make a store at once, one with a key that comes late and one without, the first does not go on in plain',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/engine/keys.test.ts',
    tests: [
      'E6 a plain store becomes sealed: what was saved before loads with the key, what is saved after is nowhere plain',
      'E6 keys are made once: a sealed store refuses, and a store that is plain has none',
      'E6 a check tells how much is sealed with what, which keys open the ring, and which data key is missing',
      'E6 a process that works in plain while the store is sealed is refused at its next save, and nothing it was told is saved is lost',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/engine/rekey-kill.test.ts',
    tests: ['E6 X1 killed at any moment of a rekey, the store has everything, and the next rekey goes on to the end'],
  },
  {
    because: beginsPlain,
    file: 'test/engine/rekey-power-cut.test.ts',
    tests: [
      'E6 X2 a power cut anywhere in a rekey leaves everything there, and a rekey that goes on to its end',
      'without the sync of a segment that was sealed anew the simulation goes red (R2)',
      'without the sync of a pack that was sealed anew the simulation goes red (R2)',
      'without the sync of the folder of the packs the simulation goes red (R2)',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/engine/rekey.test.ts',
    tests: [
      'E6 X2 a rekey seals what is plain from before: nothing planted is found in any byte or name, and everything is there as before',
      'E6 a rekey of a plain store, or of one that is only read, is refused',
    ],
  },
  {
    because: 'it flips a byte in each part of a pack, of a sealed one a flip costs its block of 64 KiB, as test/seal tries it',
    file: 'test/engine/repair.test.ts',
    tests: [
      'X7 of a damaged pack what is intact is kept; what is lost is marked, skipped by latest, and no longer reported as new',
    ],
  },
  {
    because: 'it measures a slow write, and a sealed file writes its last block when it is synced',
    file: 'test/engine/stage-timings.test.ts',
    tests: ['A17 a slow write of packs shows under write and nowhere else'],
  },
  {
    because: readsBytes,
    file: 'test/engine/tables.test.ts',
    tests: ['[A1] metadata that is marked as a table is kept as the list it is: an older version reads the records'],
  },
  {
    because: forgesPlain,
    file: 'test/engine/verify-forged.test.ts',
    tests: [
      'a chunk whose bytes are not those of its digest is found though every checksum around it is right',
      'chunks that are in themselves right, but not those that were saved, are found also by a quick verification',
      'parity is durable before its pack has a name, and is of that pack',
    ],
  },
  {
    because: catalogInMemory,
    file: 'test/engine/verify-forged.test.ts',
    tests: ['a catalog that is sound but does not say what the log says is named, and built anew by a repair'],
  },
  {
    because: foundInPlain,
    file: 'test/log/removals.test.ts',
    tests: [
      'every step of the protocol is needed › step 2: claims are probed one after another instead of listed, breaks a promise',
      'every step of the protocol is needed › step 7: the close mark is written before all before it is durable, breaks a promise',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/seal/damage-of-plain-times.test.ts',
    tests: [
      'E6 A15 a bit that flips in a sealed segment of plain times costs what stands in its block: the rest loads, and is found again without the catalog',
      'E6 A15 a rekey leaves a damaged segment, says so, and seals the rest; once a repair has noted it, it is sealed anew as far as it opens, and stays damage',
      'E6 A15 a sealed store says that there is no catalog only where there is none, and that its image is damaged where it is',
      'E6 A15 checkpoints of a segment that is gone are noted by a repair of a sealed store, and known without the catalog then',
      'E6 a folder with the name of a key ring is refused by its name',
      'E6 a segment that was cut to less than its header holds nothing, and is in the way of no rekey',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/seal/damaged-sealed-store.test.ts',
    tests: ['built anew', 'from its image'].map(
      catalog =>
        `E6 [X7 A15] a damaged sealed store gives what was saved, or says that it is damaged: never anything wrong, never anything older in silence › plain once and sealed anew, its catalog ${catalog}`,
    ),
  },
  {
    because: needsPlain,
    file: 'test/seal/key-services.test.ts',
    tests: ['E6 a ring decides not where credentials go: Vault is asked without a key being given at VAULT_ADDR only'],
  },
  {
    because: needsPlain,
    file: 'test/seal/planted-secrets.test.ts',
    tests: [
      'E6 a plain store shows every secret that is planted in it to this search, so that its silence about a sealed one says something',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/seal/repaired-sealed-store.test.ts',
    tests: [
      'E6 A15 a damaged sealed store: verify names what is lost, a repair leaves it intact but for that, its run goes on or says why not, and a rekey completes › plain once, sealed and sealed anew',
    ],
  },
  {
    because: needsPlain,
    file: 'test/seal/sealed-events.test.ts',
    tests: [
      'E6 A7 what events of a sealed store hold is in no byte on the disk, asked for or not, and is found by text, run and page',
    ],
  },
  {
    because: beginsPlain,
    file: 'test/seal/sealed-events.test.ts',
    tests: ['E6 a store that is sealed later loses its plain index of events with the next rekey, and answers as before'],
  },
  {
    because: needsPlain,
    file: 'test/seal/sealed-records.test.ts',
    tests: [
      'E6 A13 what entries and artifacts of a sealed store hold is in no byte on the disk, and is there for who has the key',
    ],
  },
]
