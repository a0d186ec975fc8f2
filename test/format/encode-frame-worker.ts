import { parentPort } from 'node:worker_threads'
import { encodeFrame } from '../../src/format/pack-frame.ts'

parentPort?.once('message', ({ pack, place, chunks, compression }) => {
  const frame = encodeFrame(pack, place, chunks, compression)
  parentPort?.postMessage(frame, [frame.bytes.buffer])
})
