/**
 * Arguments of Node for a script that imports Waymark from its sources. Each start is spared the looking up of its files, which took 140 of 500 ms of CPU: whoever passes
 * `--conditions=waymark-source` alone pays for that.
 */
export const fromSources: readonly string[] = [
  '--import',
  new URL('../bin/own-modules.js', import.meta.url).href,
  '--conditions=waymark-source',
]
