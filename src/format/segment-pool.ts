import { Buffer } from 'node:buffer'

/** Bytes are gathered in segments of this size, so that a large value is copied once, if at all. */
export const segmentBytes = 512 * 1024
/** Segments kept for the next value: fresh memory costs a page fault every 4 KiB. */
const keptSegments = 32

/** Memory to write into, shared so that a worker can read it where it lies. */
export class Segment {
  readonly bytes: Buffer
  readonly view: DataView

  constructor(length: number) {
    this.bytes = Buffer.from(new SharedArrayBuffer(length))
    this.view = new DataView(this.bytes.buffer)
  }
}

const spareSegments: Segment[] = []

/** A segment of {@link segmentBytes}, with whatever was in it before. */
export function borrowSegment(): Segment {
  return spareSegments.pop() ?? new Segment(segmentBytes)
}

export function giveBackSegments(segments: readonly Segment[]): void {
  for (const segment of segments) if (spareSegments.length < keptSegments) spareSegments.push(segment)
}
