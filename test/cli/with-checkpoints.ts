import type { TestContext } from 'node:test'
import { open, type Store } from 'waymark'
import { WaymarkProject } from './waymark-project.ts'

/** A project whose store holds what `fill` saves. */
export async function withCheckpoints(t: TestContext, fill: (store: Store) => Promise<unknown>): Promise<WaymarkProject> {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: `${project.path}/.waymark` })
  await fill(store)
  await store.close()
  return project
}
