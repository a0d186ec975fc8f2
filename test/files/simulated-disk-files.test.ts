import type { FileSystem } from '../../src/files/file-system.ts'
import { countingFiles, delaying, faultyFiles, ignoring } from '../../src/testing/faulty-files.ts'
import { fileSystemSuite } from '../../src/testing/file-system-suite.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

function onSimulatedDisk(name: string, wrap: (fs: FileSystem) => FileSystem): void {
  fileSystemSuite(name, async () => {
    const fs = wrap(new SimulatedDisk().process('test'))
    await fs.makeDirectory('/root')
    return { fs, root: '/root', dispose: async () => {} }
  })
}

onSimulatedDisk('simulated disk', fs => fs)

onSimulatedDisk('wrappers that have nothing to do', fs => {
  const idle = countingFiles(ignoring(faultyFiles(fs, []), () => false))
  return delaying(idle, operation => (operation.nth % 3 === 0 ? Promise.resolve() : undefined))
})
