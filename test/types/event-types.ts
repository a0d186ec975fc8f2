// Compiled, never run: see pipeline-types.ts.
import { type PipelineEvent, pipeline, type Run } from 'waymark'

declare module 'waymark' {
  interface WaymarkEvents {
    model_trained: { readonly accuracy: number }
  }
}

export const training = pipeline('train', async (run: Run) => {
  await run.event('model_trained', { accuracy: 0.93 })
  await run.event('model_trained', { accuracy: 0.93 }, { status: 'success' })
  // @ts-expect-error a number is meant
  await run.event('model_trained', { accuracy: 'high' })
  // @ts-expect-error it says how accurate
  await run.event('model_trained')
  await run.event('anything')
  await run.event('anything', { of: ['mine'] })
  // @ts-expect-error there is no such status
  await run.event('anything', {}, { status: 'fine' })
  await run.stage('check', ctx => ctx.quality({ missingRate: 0.02, mine: 'too' }))
  await run.each('all', [1], (_, ctx) => ctx.metric('rows', 1, 'rows'), { input: 1 })
  await run.each('batches', [1], (_, ctx) => ctx.event('model_trained', { accuracy: 1 }), { input: 1, batch: 2 })
})

export const typeOf = ({ type, status, metadata }: PipelineEvent): readonly unknown[] => [type, status, metadata['accuracy']]
