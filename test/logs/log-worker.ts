// Appends numbered lines to one log as one of several processes: node log-worker.ts PATH NAME LINES MAX_BYTES
import { FolderLock, isLocked } from '../../src/logs/folder-lock.ts'
import { RotatingFile } from '../../src/logs/rotating-file.ts'

const [path = '', name = '', lines = '0', maxBytes = '0'] = process.argv.slice(2)
const lock = await FolderLock.open(`${path}-lock`)
const file = new RotatingFile({ path, lock, maxBytes: Number(maxBytes), files: 1_000, keepDays: 7, now: Date.now })
for (let line = 0; line < Number(lines); line += 5) {
  const several = Array.from({ length: 5 }, (_, more) => `${JSON.stringify({ name, line: line + more, text: 'x'.repeat(60) })}\n`)
  for (let left = Buffer.from(several.join('')); left.length > 0; )
    try {
      left = left.subarray(file.append(left))
    } catch (error) {
      if (!isLocked(error)) throw error
    }
}
file.close()
await file.tended()
lock.close()
