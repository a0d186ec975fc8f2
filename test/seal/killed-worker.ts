// Begins a run on the store at the given path, and is killed by itself in the middle of an item.
import { open, pipeline } from 'waymark'
import { planted } from './planted-marks.ts'

const store = await open({ path: process.argv[2] ?? '' })
const work = pipeline('killed', run =>
  run.each(
    planted('killed'),
    [1, 2, 3, 4],
    n => {
      if (n === 4) process.kill(process.pid, 'SIGKILL')
      return `${planted('killed')} ${n}`
    },
    { key: n => `${planted('killedkey')}${n}`, save: { items: 1 }, concurrency: 1 },
  ),
)
await work.run({}, { store, runId: planted('killed') })
