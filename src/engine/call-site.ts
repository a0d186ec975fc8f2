import { fileURLToPath } from 'node:url'

/** Where in the user's code a call was made; cheap to take, worked out only when it is shown. */
export class CallSite {
  readonly #error: Error

  /** @param frames From this constructor to the user's code at most. Each costs about a microsecond: where it is known how deep the call is, that is worth saying. */
  constructor(frames = 10) {
    const before = Error.stackTraceLimit
    Error.stackTraceLimit = frames
    this.#error = new Error('call site')
    Error.stackTraceLimit = before
  }

  /** `file:line:column` of the first frame outside Waymark; undefined if there is none. */
  describe(): string | undefined {
    return userFrame(this.#error)
  }

  /** Path of that file. */
  file(): string | undefined {
    return this.describe()?.replace(/:\d+:\d+$/, '')
  }
}

/** Folder of Waymark's own code: `src/` or `dist/`. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url))

/** `file:line:column` of the first frame of an error's stack outside Waymark and Node. */
export function userFrame(error: Error): string | undefined {
  for (const line of (error.stack ?? '').split('\n')) {
    const place = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(line)?.[1]
    if (place === undefined) continue
    const path = place.startsWith('file://') ? decodedPath(place) : place
    if (!path.startsWith(ownFolder)) return path
  }
  return undefined
}

function decodedPath(place: string): string {
  const [, url = place, position = ''] = /^(.*?)(:\d+:\d+)$/.exec(place) ?? []
  try {
    return fileURLToPath(url) + position
  } catch {
    return place
  }
}
