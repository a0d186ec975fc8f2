// Loaded before everything else by `npm test`: every process of the tests finds the sources compiled by the one before. Stripping the types of all of them anew would be most of what a short test costs.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))
enableCompileCache(process.env.NODE_COMPILE_CACHE)
