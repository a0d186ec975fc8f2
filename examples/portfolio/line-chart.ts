import { crc32, deflateSync } from 'node:zlib'

const width = 320
const height = 120
const margin = 4

/** Colours by their place in the palette: paper, frame, line. */
const palette = Buffer.from([0xff, 0xff, 0xff, 0xd0, 0xd4, 0xda, 0x1f, 0x6f, 0xb2])

/** A PNG of 320 × 120 pixels with a line through the values, drawn to fit. The same values give the same bytes. */
export function lineChart(values: readonly number[]): Buffer {
  // A byte a pixel; before every row stands its filter: none.
  const pixels = Buffer.alloc((width + 1) * height)
  const dot = (x: number, y: number, color: number): void => {
    pixels[y * (width + 1) + 1 + x] = color
  }
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) dot(x, y, 1)
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) dot(x, y, 1)
  const low = values.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY)
  const high = values.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY)
  const rowOf = (value: number): number =>
    Math.round(margin + (height - 1 - 2 * margin) * (high === low ? 0.5 : (high - value) / (high - low)))
  let before: number | undefined
  for (let x = margin; x < width - margin && values.length > 0; x++) {
    const at = Math.round(((x - margin) / (width - 1 - 2 * margin)) * (values.length - 1))
    const row = rowOf(values[at] ?? low)
    // From the row before to this one, so that the line has no gaps.
    for (let y = Math.min(before ?? row, row); y <= Math.max(before ?? row, row); y++) dot(x, y, 2)
    before = row
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits a pixel, with a palette.
  header.set([8, 3, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Length, type, data, and the CRC of type and data. */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(body, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
