import { WaymarkError } from './errors.ts'

/** The first Node with SQLite and zstd inside and TypeScript without a flag. The same as `engines` in package.json and in bin/waymark.js. */
export const oldestSupportedNode = '22.18'

/** Compares `version` (`22.18.0`, with or without a leading `v`) by major and minor number. */
export function isSupportedNode(version: string): boolean {
  const [major, minor] = numbersOf(version)
  const [oldestMajor, oldestMinor] = numbersOf(oldestSupportedNode)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

function numbersOf(version: string): readonly [major: number, minor: number] {
  const [major, minor] = version.replace(/^v/, '').split('.')
  return [Number(major), Number(minor)]
}

/** Throws `unsupported` with a sentence that says what to do, where the Node that runs this is too old. */
export function requireSupportedNode(version: string = process.versions.node): void {
  if (isSupportedNode(version)) return
  const remedy =
    'install Node 24 (https://nodejs.org), or run `npm install --save-dev node@24` in your project and start it with `npx` or `npm run`'
  const error = new WaymarkError('unsupported', {
    message: `Waymark needs Node ${oldestSupportedNode} or newer and runs on Node ${version}: ${remedy}.`,
    means: 'Nothing was read or written.',
    remedy,
    details: { found: version, needed: `>=${oldestSupportedNode}` },
  })
  // The frames say nothing a user could act on; uncaught, Node prints only this.
  error.stack = `${error.name}: ${error.message}`
  throw error
}

// Here and not in index.ts, whose own statements run after all its imports: imported first, this is evaluated before any file that
// touches what an old Node lacks.
requireSupportedNode()
