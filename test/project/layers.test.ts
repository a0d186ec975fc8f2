import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { backends, guardedModules } from '../../scripts/layers/layer-table.ts'
import { findViolations } from '../../scripts/layers/rules.ts'
import { readSource } from '../../scripts/layers/source-file.ts'

const root = join(import.meta.dirname, '..', '..')

/** `path:line rule` of everything wrong in a tree given as texts by path. */
function check(tree: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(tree).map(([path, text]) => readSource(path, text))
  return findViolations(files).map(({ file, line, rule }) => `${file}:${line} ${rule}`)
}

test('an import that points down, to the own folder or to a builtin is fine', () => {
  const tree = {
    'src/model/ids.ts': "import { inspect } from 'node:util'\nexport const id = inspect(1)",
    'src/log/log.ts': "import { id } from '../model/ids.ts'\nexport const log = id",
    'src/log/history.ts': "import { log } from './log.ts'\nexport const history = log",
  }
  assert.deepEqual(check(tree), [])
})

test('an import that points up is reported with its line', () => {
  const tree = {
    'src/engine/save.ts': 'export const save = 1',
    'src/model/ids.ts':
      "import {\n  sep,\n} from 'node:path'\nimport { save } from '../engine/save.ts'\nexport const id = save + sep",
  }
  assert.deepEqual(check(tree), ['src/model/ids.ts:4 model may not import engine/save.ts (it may import: nothing else)'])
})

test('a type, a lazy import and a re-export point up as much as a value', () => {
  const up = '../engine/save.ts'
  for (const line of [
    `import type { Save } from '${up}'`,
    `export const f = () => import('${up}')`,
    `export { save } from '${up}'`,
  ]) {
    assert.equal(check({ 'src/format/pack.ts': `export const x = 1\n${line}` }).length, 1, line)
  }
})

test('the catalog never imports the log, and nothing that ships imports testing', () => {
  assert.match(
    check({ 'src/catalog/feed.ts': "import { log } from '../log/log.ts'\nexport const x = log" }).join(),
    /catalog may not import log/,
  )
  assert.match(
    check({ 'src/engine/run.ts': "import { fake } from '../testing/fake-clock.ts'\nexport const x = fake" }).join(),
    /engine may not/,
  )
  assert.match(
    check({ 'src/cli/main.ts': "import { log } from '../log/log.ts'\nexport const x = log" }).join(),
    /cli may not import log/,
  )
})

test('an import that leaves src is reported', () => {
  assert.equal(check({ 'src/engine/run.ts': "import { x } from '../../scripts/x.ts'\nexport const y = x" }).length, 1)
})

test('a folder without a row in the table is reported', () => {
  assert.match(check({ 'src/plugins/mail.ts': 'export const mail = 1' }).join(), /^src\/plugins\/mail.ts:1 plugins has no row/)
})

test('only open.ts, its own folder and the kit name a backend', () => {
  const line = "import { nodeFiles } from '../files/node-files.ts'\nexport const x = nodeFiles"
  assert.deepEqual(check({ 'src/engine/save.ts': line }), [
    'src/engine/save.ts:1 engine may not import the backend files/node-files.ts',
  ])
  assert.deepEqual(check({ 'src/open.ts': line.replace('..', '.') }), [])
  assert.deepEqual(check({ 'src/testing/disk.ts': line }), [])
  assert.deepEqual(check({ 'src/files/temporary.ts': line.replace('../files', '.') }), [])
})

test('SQL, files and terminal libraries are loaded only where the table says', () => {
  const load = (module: string) => `import * as it from '${module}'\nexport const x = it`
  assert.deepEqual(check({ 'src/engine/save.ts': load('node:sqlite') }), [
    'src/engine/save.ts:1 node:sqlite is loaded only in catalog/, chunks/sqlite-chunk-index.ts, logs/folder-lock.ts, outputs/sqlite-handle.ts, outputs/sqlite-table.ts, outputs/sqlite-query.ts',
  ])
  assert.equal(check({ 'src/log/file-log.ts': load('node:fs/promises') }).length, 1)
  assert.equal(check({ 'src/engine/eta.ts': load('string-width') }).length, 1)
  assert.equal(check({ 'src/engine/eta.ts': load('left-pad') }).length, 1)
  assert.deepEqual(check({ 'src/catalog/sqlite.ts': load('node:sqlite'), 'src/files/node-files.ts': load('node:fs') }), [])
  assert.deepEqual(check({ 'src/model/owner.ts': "import type { Stats } from 'node:fs'\nexport type X = Stats" }), [])
})

test('a builtin that an old Node lacks may not be loaded with the library, through however many files', () => {
  const tree = (line: string) => ({
    'src/index.ts': "export { a } from './engine/a.ts'",
    'src/engine/a.ts': "import { b } from './b.ts'\nexport const a = b",
    'src/engine/b.ts': line,
  })
  assert.deepEqual(check(tree("import { zstdCompressSync } from 'node:zlib'\nexport const b = zstdCompressSync")), [
    'src/engine/b.ts:1 node:zlib { zstdCompressSync } is loaded with the library',
  ])
  assert.deepEqual(check(tree("import * as zlib from 'node:zlib'\nexport const b = zlib")), [])
  assert.deepEqual(check(tree("import { gzipSync } from 'node:zlib'\nexport const b = gzipSync")), [])
  assert.deepEqual(
    check({ 'src/catalog/rows.ts': "import { DatabaseSync } from 'node:sqlite'\nexport const b = DatabaseSync" }),
    [],
  )
})

test('a cycle of value imports is reported once, with all its files', () => {
  const tree = {
    'src/engine/a.ts': "import { b } from './b.ts'\nexport const a = () => b",
    'src/engine/b.ts': "import { c } from './c.ts'\nexport const b = () => c",
    'src/engine/c.ts': "import { a } from './a.ts'\nexport const c = () => a",
    'src/engine/d.ts': "import { a } from './a.ts'\nexport const d = () => a",
  }
  assert.deepEqual(check(tree), ['src/engine/a.ts:1 import cycle: engine/a.ts, engine/b.ts, engine/c.ts'])
})

test('a cycle through a type or a lazy import is none: it cannot meet a half-loaded file', () => {
  const tree = (back: string) => ({
    'src/engine/a.ts': "import { b } from './b.ts'\nexport const a = () => b",
    'src/engine/b.ts': `${back}\nexport const b = 1`,
  })
  assert.deepEqual(check(tree("import type { a } from './a.ts'")), [])
  assert.deepEqual(check(tree("export const later = () => import('./a.ts')")), [])
  assert.equal(check(tree("import './a.ts'")).length, 1)
})

test('a barrel is reported everywhere but in the two entries', () => {
  const barrel = "// all of it\nexport { a } from './a.ts'\nexport type * from './b.ts'\n"
  assert.equal(check({ 'src/engine/all.ts': barrel }).length, 1)
  assert.equal(check({ 'src/engine/all.ts': "import { a } from './a.ts'\n\nexport { a }\n" }).length, 1)
  assert.deepEqual(check({ 'src/testing/index.ts': barrel }), [])
  assert.deepEqual(check({ 'src/engine/effect.ts': "import './a.ts'\n" }), [])
})

test('index.ts holds nothing but re-exports', () => {
  assert.deepEqual(check({ 'src/index.ts': "import './model/node-version.ts'\n\nexport { a } from './engine/a.ts'\n" }), [])
  assert.deepEqual(check({ 'src/index.ts': 'export const a = 1' }), ['src/index.ts:1 index.ts only re-exports'])
})

test('a default export in src is reported, also as a list', () => {
  assert.deepEqual(check({ 'src/engine/a.ts': '\nexport default 1' }), ['src/engine/a.ts:2 no default export in src'])
  assert.equal(check({ 'src/engine/a.ts': 'const a = 1\nexport { a as default }' }).length, 1)
})

test('an empty name is reported, of a file and of a folder', () => {
  assert.deepEqual(check({ 'src/engine/utils.ts': 'export const a = 1' }), ['src/engine/utils.ts:1 nothing is named utils.ts'])
  assert.deepEqual(check({ 'src/engine/helpers/a.ts': 'export const a = 1' }), [
    'src/engine/helpers/a.ts:1 nothing is named helpers',
  ])
  assert.deepEqual(check({ 'src/engine/common-ground.ts': 'export const a = 1' }), [])
})

test('an example and an integration know only the package and themselves', () => {
  const good = "import { pipeline } from 'waymark'\nimport { rows } from './rows.ts'\nexport default pipeline(rows)"
  const bad = "import { open } from '../../src/open.ts'\nexport const x = open"
  assert.deepEqual(check({ 'examples/portfolio/pipeline.ts': good, 'src/integrations/crawlee/storage.ts': good }), [])
  assert.equal(check({ 'examples/portfolio/pipeline.ts': bad }).length, 1)
  assert.equal(check({ 'src/integrations/crawlee/storage.ts': bad.replace('src/', '') }).length, 1)
  assert.equal(check({ 'examples/portfolio/pipeline.ts': "import { x } from '../crawler/x.ts'\nexport default x" }).length, 1)
})

test('what looks like an import in a comment, a template or a regular expression is none', () => {
  const up = "import { x } from '../engine/a.ts'"
  const texts = [
    `/*\n${up}\n*/`,
    `// ${up}\n`,
    `export const text = \`\n${up}\n\``,
    `export const text = \`\${\`it's\n${up}\n\`}\n${up}\n\``,
    `export const quote = /['"\`/]/\nexport const text = \`\n${up}\n\``,
    `export const half = 1 / 2 /* ' */\n// it's\nexport const text = \`\${{ a: 1 }.a}\n${up}\n\``,
  ]
  for (const text of texts) assert.deepEqual(check({ 'src/model/a.ts': text }), [], text)
  assert.equal(check({ 'src/model/a.ts': `${texts[4]}\n${up}` }).length, 1)
})

test('the command prints place, rule and reason, and fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-layers-'))
  try {
    const file = join(folder, 'src', 'model', 'ids.ts')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, "import { log } from '../log/log.ts'\nexport const id = log\n")
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/check-layers.ts'), folder], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, /^src\/model\/ids\.ts:1 {2}model may not import log\/log\.ts .*\n {4}model: nouns and pure rules/)
    assert.match(stderr, /1 violation of the layers in 1 files/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the layers hold in this repository', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/check-layers.ts'], { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^The layers hold in \d+ files/)
})

test('the table names only files that exist', () => {
  const named = [...backends, ...guardedModules.flatMap(guard => Object.keys(guard.allowed))]
  assert.deepEqual(
    named.filter(path => !existsSync(join(root, 'src', path))),
    [],
  )
})
