import { createHash } from 'node:crypto'
import type { StoredError } from './records.ts'

/** Frames of the stack that count, nearest first. */
const framesKept = 3

/**
 * The same for errors of one kind thrown at one place, whatever ids, numbers or paths their messages name: 12 hex digits of SHA-256 over the names, the messages with what varies left out, and the
 * nearest frames (function and file, without line: an edit above does not make another group) of the error and its causes.
 */
export function errorFingerprint(error: StoredError): string {
  const parts: string[] = []
  for (let at: StoredError | undefined = error; at !== undefined; at = at.cause) {
    parts.push(at.name, plainMessage(at.message), ...framesOf(at.stack ?? ''))
  }
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}

/** A message without what differs from item to item: quoted text, URLs, paths, ids, numbers. */
export function plainMessage(message: string): string {
  return message
    .replace(/(["'`])(?:(?!\1).)*\1/g, '"…"')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '…')
    .replace(/(?:\.{0,2}\/)[\w.@~%+-]+(?:\/[\w.@~%+-]+)*/g, '…')
    .replace(/\b[\w-]*\d[\w-]*\b/g, '#')
}

function framesOf(stack: string): readonly string[] {
  const frames: string[] = []
  for (const line of stack.split('\n')) {
    const frame = /^\s*at (.+)$/.exec(line)?.[1]
    if (frame === undefined || frame.includes('node:internal')) continue
    frames.push(frame.replace(/:\d+:\d+\)?$/, '').replace(/\(?file:\/\/\S*\/|\(?\/\S*\//, ''))
    if (frames.length === framesKept) break
  }
  return frames
}
