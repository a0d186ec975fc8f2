import { types } from 'node:util'
import type { CheckpointInfo } from '../../engine/checkpoint-info.ts'
import type { ContentDiff, Difference, DiffReport, DiffSide, FactDifference, KeyHistory, StageDiff } from '../../index.ts'
import { JsonLosses } from '../json-losses.ts'
import { checkpointInfoShape, isoTime } from '../json-shapes.ts'

/** Of a longer value the JSON says what it is only. */
const mostJsonLength = 4_096

/** What two addresses differ in, as `--json` prints it. */
export function diffShape(report: DiffReport): object {
  const { kind, same } = report
  const sides = { a: sideShape(report.a), b: sideShape(report.b) }
  if (report.kind === 'runs') {
    const { facts, stages, equalStages, ignoreUnused } = report
    const unused = ignoreUnused === undefined ? {} : { ignoreUnused }
    return { kind, same, ...sides, facts: facts.map(factShape), stages: stages.map(stageShape), equalStages, ...unused }
  }
  return { kind, same, ...sides, facts: report.facts.map(factShape), content: contentShape(report.content) }
}

/** One value over time, as `--json` prints it. */
export function keyHistoryShape({ entries, ...history }: KeyHistory): object {
  return {
    ...history,
    entries: entries.map(({ createdAt, value, state, ...entry }) => ({
      ...entry,
      createdAt: isoTime(createdAt),
      state,
      ...(state === 'value' ? valueFields('value', value) : {}),
    })),
  }
}

function sideShape({ checkpoint, ...side }: DiffSide): object {
  return { ...side, ...(checkpoint === undefined ? {} : { checkpoint: infoShape(checkpoint) }) }
}

const infoShape = (info: CheckpointInfo): object => checkpointInfoShape(info)

function stageShape({ facts, content, ...stage }: StageDiff): object {
  return { ...stage, facts: facts.map(factShape), ...(content === undefined ? {} : { content: contentShape(content) }) }
}

function factShape(fact: FactDifference): object {
  if ('differences' in fact) return { ...fact, differences: fact.differences.map(differenceShape) }
  return { ...fact, before: fact.before ?? null, after: fact.after ?? null }
}

function contentShape(content: ContentDiff): object {
  if (content.form === 'value') return { ...content, differences: content.differences.map(differenceShape) }
  if (content.form !== 'rows') return content
  const { samples, ...rows } = content
  const losses = new JsonLosses()
  const shown = {
    added: samples.added.map((row, at) => losses.take(row, `added[${at}]`)),
    removed: samples.removed.map((row, at) => losses.take(row, `removed[${at}]`)),
    changed: samples.changed.map(({ key, differences }, at) => ({
      key: losses.take(key, `changed[${at}].key`),
      differences: differences.map(differenceShape),
    })),
  }
  return { ...rows, key: rows.key ?? null, samples: { ...shown, ...losses.fields } }
}

/** The type stands beside a value, as JSON has no form for many: a Date and its text are different things. */
function differenceShape(one: Difference): object {
  const { kind, path } = one
  switch (kind) {
    case 'added':
      return { kind, path, ...valueFields('after', one.after) }
    case 'removed':
      return { kind, path, ...valueFields('before', one.before) }
    case 'moved':
      return { kind, path, from: one.stepsBefore.at(-1)?.key }
    case 'changed':
      return { kind, path, ...valueFields('before', one.before), ...valueFields('after', one.after) }
  }
}

function valueFields(name: 'before' | 'after' | 'value', value: unknown): object {
  const losses = new JsonLosses()
  const json = losses.take(typeof value === 'symbol' ? undefined : value, name)
  const type = { [`${name}Type`]: typeName(value) }
  const length = JSON.stringify(json)?.length ?? 0
  if (length > mostJsonLength) return { [name]: null, ...type, [`${name}Left`]: `${length} characters of JSON are left out` }
  const { lossy = [] } = losses.fields
  // Of the value itself its type says it.
  const within = lossy.filter(({ path }) => path !== name)
  return { [name]: json, ...type, ...(within.length === 0 ? {} : { [`${name}Lossy`]: within }) }
}

function typeName(value: unknown): string {
  if (typeof value === 'symbol') return 'nothing'
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return 'array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return 'object'
  return types.isNativeError(value) ? 'Error' : value.constructor.name
}
