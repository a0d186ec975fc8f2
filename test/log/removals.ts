import type { LogPromise } from '../../src/testing/log-promises.ts'
import type { Edit } from '../run-edited.ts'

/** A step of the protocol taken out of the sources. */
export interface Removal {
  /** The number of the step in docs/protocol.md, and what is missing. */
  readonly step: string
  readonly edits: readonly Edit[]
  /** Where to look for a case that is rare. */
  readonly simulation?: { readonly seed?: number; readonly states: number; readonly faultShare: number }
  /** Promises of which at least one must turn out to be broken. */
  readonly breaks: readonly LogPromise[]
}

const edit = (file: string, text: string, by: string): Edit => ({ file: `log/${file}`, text, by })

/** Every step that says what breaks without it. */
export const removals: readonly Removal[] = [
  {
    step: '1: the header is not synced',
    edits: [edit('segment-writer.ts', '      await file.sync()\n', '')],
    breaks: ['intact'],
  },
  {
    step: '1: the folder of the segments is not synced',
    edits: [edit('segment-writer.ts', '      await files.syncDirectory(folder)\n', '')],
    breaks: ['kept', 'intact'],
  },
  {
    step: '1: a batch is acknowledged before it is durable',
    edits: [
      edit('segment-writer.ts', 'await Promise.all([synced, meanwhile?.()])', 'await meanwhile?.()\n    synced?.catch(() => {})'),
    ],
    breaks: ['kept', 'intact', 'readable'],
  },
  {
    step: '1: a batch is begun before the one before is durable',
    edits: [
      edit(
        'commit-queue.ts',
        'await this.#write(this.#takeBatch())',
        'void this.#write(this.#takeBatch()), await Promise.resolve()',
      ),
      edit(
        'segment-writer.ts',
        '    await this.#file.write(batch.bytes, this.#end)\n',
        '    const at = this.#end\n    this.#number++\n    this.#end += batch.bytes.length\n    if (sync) this.#durableEnd = this.#end\n    this.#digest = batch.digest\n    await this.#file.write(batch.bytes, at)\n',
      ),
      edit(
        'segment-writer.ts',
        '    this.#number++\n    this.#end += batch.bytes.length\n    if (sync) this.#durableEnd = this.#end\n    this.#digest = batch.digest\n    return',
        '    return',
      ),
    ],
    breaks: ['kept', 'intact', 'final'],
  },
  {
    step: '2: a claim is taken although somebody has it',
    edits: [
      edit(
        'claims.ts',
        "if (fileErrorCode(error) === 'EEXIST') return false",
        "if (fileErrorCode(error) === 'EEXIST') return true",
      ),
    ],
    breaks: ['exclusive', 'kept', 'final', 'intact'],
  },
  {
    step: '2: the folder of the claims is not synced before the token is used',
    edits: [edit('claims.ts', 'return this.#files.syncDirectory(this.#shard)', 'return Promise.resolve()')],
    breaks: ['exclusive', 'kept', 'final', 'intact'],
  },
  {
    step: '2: the name of that folder is not synced',
    edits: [edit('claims.ts', '    await this.#files.syncDirectory(this.#root)\n', '')],
    breaks: ['exclusive', 'kept', 'final', 'intact'],
  },
  {
    step: '2: claims are probed one after another instead of listed',
    edits: [
      edit(
        'claims.ts',
        '    return Math.max((await this.#before?.highest()) ?? 0, ...(await this.#tokens()))\n',
        '    let highest = (await this.exists(1)) ? 1 : 0\n    while (await this.exists(Math.max(highest, 1) + 1)) highest = Math.max(highest, 1) + 1\n    return highest\n',
      ),
    ],
    simulation: { seed: 70_616, states: 30, faultShare: 0.3 },
    breaks: ['unrivalled', 'kept'],
  },
  {
    step: '3b: a claim without an ACCEPT is taken for an empty owner',
    edits: [
      edit(
        'find-stream.ts',
        'if (segment !== undefined) return search.countFrom(token, segment)',
        'if (segment !== undefined) return search.countFrom(token, segment)\n    break',
      ),
    ],
    breaks: ['kept', 'final'],
  },
  {
    step: '3b: owners that came while the search went on are counted',
    edits: [edit('find-stream.ts', '.filter(record => record.token <= token)', '')],
    simulation: { seed: 30_164, states: 30, faultShare: 0.3 },
    breaks: ['intact', 'final'],
  },
  {
    step: '3d: unproven records are not copied',
    edits: [edit('file-log.ts', 'this.#whole(unproven)', "this.#whole(unproven.filter(record => record.kind === 'accept'))")],
    breaks: ['intact', 'final', 'kept'],
  },
  {
    step: "3d: the predecessor's own ACCEPT is not copied",
    edits: [edit('file-log.ts', 'this.#whole(unproven)', "this.#whole(unproven.filter(record => record.kind === 'data'))")],
    breaks: ['intact', 'final', 'kept'],
  },
  {
    step: '9: what the catalog knows is asked after the segment was read',
    edits: [
      edit(
        'segments.ts',
        'const known = (await this.#options.witness?.(segment)) ?? 0\n    const tail = await this.#tailOf(segment, find)',
        'const tail = await this.#tailOf(segment, find)\n    const known = (await this.#options.witness?.(segment)) ?? 0',
      ),
    ],
    breaks: ['intact'],
  },
  {
    step: '6: what an owner wrote after it was taken over counts',
    edits: [edit('history.ts', 'cut = accept.base.sequence', 'cut = accept.base.sequence > 0 ? Number.POSITIVE_INFINITY : 0')],
    breaks: ['final', 'intact'],
  },
  {
    step: '6: the chain of owners is not followed through an ACCEPT that only a copy holds',
    edits: [edit('find-stream.ts', 'copies = accept.copies', '')],
    breaks: ['intact'],
  },
  {
    step: '6: gaps are not filled from the copies',
    edits: [edit('history.ts', 'if (link.accept !== undefined) placeCopies(owners, link.accept)', '{}')],
    breaks: ['intact', 'readable'],
  },
  {
    step: '3e: no look for a higher claim after the ACCEPT',
    edits: [
      edit(
        'committer.ts',
        'for (const owner of batch.owners) await owner.checkFence()',
        "for (const { owner, kind } of commits) if (kind !== 'accept') await owner?.checkFence()",
      ),
    ],
    breaks: ['final', 'kept'],
  },
  {
    step: '4: no look for a higher claim after an append',
    edits: [
      edit(
        'committer.ts',
        'for (const owner of batch.owners) await owner.checkFence()',
        "for (const { owner, kind } of commits) if (kind === 'accept') await owner?.checkFence()",
      ),
    ],
    breaks: ['kept'],
  },
  {
    step: '4: the look for a higher claim comes before the append',
    edits: [
      edit(
        'segment-writer.ts',
        '    await this.#file.write(batch.bytes, this.#end)\n',
        '    await meanwhile?.()\n    await this.#file.write(batch.bytes, this.#end)\n',
      ),
      edit('segment-writer.ts', 'await Promise.all([synced, meanwhile?.()])', 'await synced'),
    ],
    breaks: ['kept', 'final'],
  },
  {
    step: '5: a segment is written on after its sync failed',
    edits: [edit('committer.ts', '    } catch (error) {\n      await this.#abandon(writer)\n', '    } catch (error) {\n')],
    simulation: { seed: 40_005, states: 30, faultShare: 1 },
    breaks: ['kept', 'intact', 'once', 'final'],
  },
  {
    step: '5: the streams of an abandoned segment go on under their tokens',
    edits: [edit('stream-owner.ts', 'return this.#segment !== undefined && this.#segment !== segment', 'return false')],
    breaks: ['kept', 'intact', 'once', 'final'],
  },
  {
    step: '5: a token whose first write failed is not bound to that segment',
    edits: [edit('committer.ts', '      for (const owner of batch.owners) owner.bind(writer.segment)\n', '')],
    simulation: { seed: 41_130, states: 30, faultShare: 1 },
    breaks: ['kept', 'intact', 'once', 'final'],
  },
  {
    step: '5: the ACCEPT of a stream that goes on elsewhere holds no copies of what was not synced',
    edits: [
      edit(
        'framed-batch.ts',
        'encodeAccept({ token, sequence: acknowledged, segment }, unsynced)',
        'encodeAccept({ token, sequence: acknowledged, segment }, unsynced.slice(0, 0))',
      ),
    ],
    simulation: { seed: 40_053, states: 30, faultShare: 1 },
    breaks: ['kept', 'intact', 'final'],
  },
  {
    step: '4a: a batch does not say what before it was not synced',
    edits: [edit('segment-writer.ts', 'const unsynced = this.#end - this.#durableEnd', 'const unsynced = 0')],
    breaks: ['intact', 'final'],
  },
  {
    step: '4a: a batch is taken to prove the one before it, synced or not',
    edits: [edit('segment-reader.ts', 'provenEnd = Math.max(provenEnd, found.durableEnd)', 'provenEnd = at')],
    breaks: ['intact', 'final', 'kept', 'readable'],
  },
  {
    step: '4a: what stands behind a hole counts',
    edits: [edit('segment-reader.ts', '      if (batch.durableEnd > flaw) return first\n', '      return first\n')],
    simulation: { seed: 60_181, states: 30, faultShare: 0.3 },
    breaks: ['intact'],
  },
  {
    step: '4a: a power record does not make those before it durable',
    edits: [
      edit(
        'segment-writer.ts',
        'let synced = sync ? this.#file.sync() : undefined',
        'let synced = sync && unsynced === 0 ? this.#file.sync() : undefined',
      ),
    ],
    breaks: ['kept', 'intact', 'final', 'readable'],
  },
  {
    step: '4a: a sync that was asked for is not carried out',
    edits: [
      edit(
        'segment-writer.ts',
        '    await this.#file.sync()\n    this.#durableEnd = this.#end\n',
        '    this.#durableEnd = this.#end\n',
      ),
    ],
    breaks: ['kept', 'intact', 'final', 'readable'],
  },
  {
    step: '7: the close mark is written before all before it is durable',
    edits: [
      edit(
        'committer.ts',
        '      await writer.sync()\n      await writer.append([], { sync: true, close: true })\n',
        '      await writer.append([], { sync: true, close: true })\n',
      ),
      edit('committer.ts', 'const failed = await this.sync().then(', 'const failed = await Promise.resolve().then('),
    ],
    simulation: { seed: 60_134, states: 30, faultShare: 0 },
    breaks: ['kept', 'intact', 'final', 'readable'],
  },
  {
    step: '8: the catalog is told that bytes are durable which no sync has covered',
    edits: [
      edit(
        'committer.ts',
        'const { segment, end, durableEnd, digest } = writer',
        'const { segment, end, digest } = writer\n    const durableEnd = end',
      ),
    ],
    breaks: ['intact'],
  },
]
