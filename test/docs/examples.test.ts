import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { blocksOf, type CodeBlock, docstringExamples, pages, root } from './code-blocks.ts'

const isCompiled = ({ info }: CodeBlock): boolean => /^(ts|typescript)\b/.test(info) && !/\bignore\b/.test(info)
/** A fragment stands inside a pipeline's function; what imports is a whole file, as a user would have it. */
const isWhole = ({ text }: CodeBlock): boolean => /^import /m.test(text)

/** What the compiler of the repository says of the examples, its lines led by page and line; empty if they compile. */
function compile(examples: readonly CodeBlock[], surroundings: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-examples-'))
  try {
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/waymark'))
    for (const name of ['zod', '@types']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const tsconfig = { extends: join(root, 'tsconfig.json'), compilerOptions: { noEmit: true }, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    for (const name of surroundings) copyFileSync(join(root, 'test/docs', name), join(folder, name))
    // In front stand as many empty lines as in the page, so that the compiler's line is the page's.
    for (const { file, line, text } of examples) {
      writeFileSync(join(folder, `${file.replaceAll(/[/.]/g, '-')}-${line}.ts`), `${'\n'.repeat(line - 1)}${text}\nexport {}\n`)
    }
    const { stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      cwd: folder,
    })
    return error?.message ?? `${stdout}${stderr}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const examples = [...pages().flatMap(blocksOf), ...docstringExamples()].filter(isCompiled)

test('every example that is a whole file compiles as it stands', () => {
  const whole = examples.filter(isWhole)
  assert.ok(whole.length >= 10, `only ${whole.length} were found`)
  assert.equal(compile(whole, ['example-world.ts']), '')
})

test('every fragment, and every example of a docstring, compiles inside a pipeline', () => {
  const fragments = examples.filter(example => !isWhole(example))
  assert.ok(fragments.length >= 10, `only ${fragments.length} were found`)
  const sources = new Set(fragments.map(({ file }) => file))
  for (const file of ['open', 'engine/checkpoint-verbs', 'engine/run-verbs']) assert.ok(sources.has(`src/${file}.ts`), file)
  assert.equal(compile(fragments, ['example-world.ts', 'example-fragments.ts']), '')
})

test('an example that does not compile is reported with its page and line', () => {
  const wrong: CodeBlock = {
    file: 'docs/wrong.md',
    line: 7,
    info: 'ts',
    text: "import { pipeline } from 'waymark'\npipeline(1)\n",
  }
  assert.match(compile([wrong], []), /^docs-wrong-md-7\.ts\(8,1\): error TS/)
})
