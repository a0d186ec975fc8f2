import type { TestContext } from 'node:test'
import { WaymarkProject } from './waymark-project.ts'

/**
 * A pipeline of three stages, ten items in the middle one. Items of order 3 and 7 cannot be handled until there is a file named mended; it notes every call in `calls.txt`, and holds at item 9
 * while there is a file named hold.
 */
const poisoned = `
import { appendFileSync, existsSync } from 'node:fs'
import { jsonl, pipeline } from 'waymark'
const here = import.meta.dirname
const note = (text: string) => appendFileSync(here + '/calls.txt', text + '\\n')
export default pipeline('orders', async run => {
  const orders = run.stage('extract', () => Array.from({ length: 10 }, (_, n) => ({ id: 'o-' + n, size: n })))
  const enriched = await run.each('enrich', orders, async (order: { id: string; size: number }) => {
    note(order.id)
    while (order.size === 9 && existsSync(here + '/hold')) await new Promise(resolve => setTimeout(resolve, 10))
    if ([3, 7].includes(order.size) && !existsSync(here + '/mended')) throw new Error('HTTP 413 for ' + order.id)
    return order
  }, { key: order => order.id, output: jsonl('out.jsonl'), tolerate: { count: 5 } })
  return run.stage('report', () => {
    note('report')
    return { done: enriched.done, setAside: enriched.setAside }
  })
}, { stages: ['extract', 'enrich', 'report'] })
`

export const poisonProject = (t: TestContext): Promise<WaymarkProject> => WaymarkProject.create(t, { 'etl.ts': poisoned })

/** The calls since it was asked last. */
export async function takeCalls(project: WaymarkProject): Promise<string[]> {
  const calls = await project.lines('calls.txt')
  await project.write('calls.txt', '')
  return calls
}
