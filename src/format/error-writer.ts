import type { ItemSink } from './builtin-writers.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { errorClassOf, errorFieldsOf } from './error-fields.ts'

/** Writes the fields of an Error that `error-fields.ts` lists, and its own properties. */
export function writeError(value: Error, sink: ItemSink): void {
  const className = errorClassOf(value)
  const fields = errorFieldsOf(value, className)
  const hasProperties = Object.keys(value).length > 0
  sink.out.head(major.tag, cborTag.error)
  sink.out.head(major.map, 1 + fields.length + (hasProperties ? 1 : 0))
  sink.out.text('class')
  sink.out.text(className)
  for (const [name, field] of fields) {
    sink.out.text(name)
    sink.write(field)
  }
  if (!hasProperties) return
  sink.out.text('properties')
  sink.writeProperties(value)
}
