import type { MasterKey } from '../seal/master-key.ts'
import type { RotateOptions } from './change-keys.ts'
import type { KeysCheck } from './check-keys.ts'
import type { ExportedKeys } from './export-keys.ts'
import type { KeysReport, NewKeyOptions } from './keys-report.ts'
import type { RekeyOptions, RekeyReport } from './rekey-report.ts'

/** The keys of a store. A sealed store has master keys, each of which opens its key ring; in the ring are the data keys, which seal its files. */
export interface KeysVerbs {
  /**
   * Makes a plain store a sealed one. What is written from then on is sealed; what is there stays plain, and readable with the key, until it is sealed anew. This store and every other that is open in plain, here or in
   * another process, is refused at its next write (`key_missing`) with nothing acknowledged lost: open it again with the key. Interrupted, it can be called again with the same key.
   *
   * @throws WaymarkError `conflict` if the store is sealed, `key_missing` if that was begun with another key or the key cannot be come by, `unavailable`, `disk_full`
   * @example
   * await store.initKeys(keyFile('/etc/waymark.key'))
   * await store.close()
   */
  initKeys(key: MasterKey, options?: NewKeyOptions): Promise<KeysReport>

  /**
   * The master keys and data keys of a sealed store: what they are called, never what they are.
   *
   * @throws WaymarkError `invalid` if the store is not sealed, `corrupt`, `unavailable`
   */
  keys(): Promise<KeysReport>

  /**
   * One more master key, which opens the store as well as those there are.
   *
   * @throws WaymarkError `conflict` if it is one already or its name is taken, `key_missing`, `invalid`, `unavailable`, `disk_full`
   */
  addKey(key: MasterKey, options?: NewKeyOptions): Promise<KeysReport>

  /**
   * Takes a master key away: it opens the store no more. Whoever had it may have read the data keys there were, and with them what was sealed until now, also in copies and backups. So a new data key seals what is written from
   * now on; the rest has to be sealed anew.
   *
   * @param which id or name
   * @throws WaymarkError `conflict` if it is the last one, `not_found`, `unavailable`, `disk_full`
   */
  removeKey(which: string): Promise<KeysReport>

  /**
   * A new data key for the files that are begun from now on. With `to`, that master key takes the place of `from` (default: the one this store was opened with). Changes the key ring alone, whatever the store holds.
   *
   * @throws WaymarkError as {@link addKey} and {@link removeKey}
   */
  rotateKeys(options?: RotateOptions): Promise<KeysReport>

  /**
   * Seals everything in the store with a new data key, what is plain from before it was sealed as well; then forgets the older data keys, and refuses plain files from then on. Other processes may read and save meanwhile.
   * Stopped or killed at any moment, or out of disk space, the store is whole, and the next call goes on. Takes room for one more copy of the largest file. What it cannot reach: copies and backups, and what the disk
   * keeps of removed files.
   *
   * @throws WaymarkError `invalid` if the store is not sealed, `cancelled` by the signal, `disk_full`, `unavailable`, `key_missing` if the master key was taken away
   * @example
   * const store = await open({ path: '.waymark', key: keyFile('/etc/waymark.key') })
   * const { complete, left } = await store.rekey()
   * if (!complete) console.log('call it again later:', left)
   */
  rekey(options?: RekeyOptions): Promise<RekeyReport>

  /**
   * Proves the keys, changing nothing: which master keys open the ring, whether it has every data key that a file of the store is sealed with, and how much is sealed with which one or plain. Reads 96 bytes of each file.
   *
   * @param options `keys`: master keys to try besides those the store was opened with
   * @throws WaymarkError `invalid` if the store is not sealed, `corrupt` if the ring was changed, `unavailable`
   */
  checkKeys(options?: { readonly keys?: readonly MasterKey[] }): Promise<KeysCheck>

  /**
   * Writes a copy of the key ring, to be kept apart from the store: without its ring nothing in a sealed store can be read. It is locked as the ring is; a master key of the store opens it. Put back as
   * `keys/ring.<generation>.json`.
   *
   * @param path of a file that does not exist; only its owner may read it
   * @throws WaymarkError `conflict` if the file exists, `invalid` if the store is not sealed, `unavailable`, `disk_full`
   */
  exportKeys(path: string): Promise<ExportedKeys>
}
