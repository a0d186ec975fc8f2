import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { linkTarget, pages, readPage, root } from './code-blocks.ts'

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

const anchorsOf = (page: string): string[] =>
  [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

test('every link of the documentation leads somewhere', () => {
  const broken = pages().flatMap(page =>
    [...readPage(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? page : linkTarget(page, path)
      if (!existsSync(join(root, target))) return `${page}: ${link}`
      return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : `${page}: ${link}`
    }),
  )
  assert.deepEqual(broken, [])
})

test('every file of the repository that the documentation names exists', () => {
  const broken = pages().flatMap(page =>
    [...readPage(page).matchAll(/`((?:src|test|scripts|bench|examples|docs|bin)\/[\w./-]+)`/g)].flatMap(([, path = '']) =>
      existsSync(join(root, path)) ? [] : `${page}: ${path}`,
    ),
  )
  assert.deepEqual(broken, [])
})
