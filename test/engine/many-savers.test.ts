import { test } from 'node:test'
import { manySavers } from './trial/many-savers.ts'

test('[E9] what many processes save into one store at once is all found, in one order, and loads', async t => {
  t.diagnostic(await manySavers(8, 25))
})
