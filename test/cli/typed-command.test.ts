import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typedCommands } from '../../src/cli/typed-command.ts'

test('commands are shown as the user can type them', () => {
  const text = 'next: waymark show 7kq2m · waymark ls; npx waymark run x; /bin/waymark ls; waymark is a library'
  assert.equal(typedCommands(text, {}), text)
  assert.equal(
    typedCommands(text, { npm_command: 'exec' }),
    'next: npx waymark show 7kq2m · npx waymark ls; npx waymark run x; /bin/waymark ls; waymark is a library',
  )
})
