import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { parseJson } from '../model/parse-json.ts'
import { issuePath, type Schema, type SchemaIssue } from '../model/schema.ts'
import { namedParams, type RawParam, type RawParams, reservedFlags } from './param-arguments.ts'
import { type ParamFields, paramFields } from './param-fields.ts'

/** How the pipeline was named on the command line, for the remedies. */
export interface ParamSource {
  readonly file: string
  /** Names given after `--`: never a mistyped flag of Waymark. */
  readonly afterDashes: ReadonlySet<string>
}

/**
 * Turns what the shell can say into what the pipeline's schema takes: strings are tried first, then, field by field where they do not
 * fit, the value read as JSON, and as a list of one. Without a schema they stay strings, true and lists of strings.
 *
 * @param stays Params that have their values already.
 * @returns the input that the schema accepts (the schema's own output is made where the pipeline is called)
 * @throws WaymarkError `invalid`
 */
export async function checkParams(
  schema: Schema | undefined,
  typed: RawParams,
  typedIn: ParamSource,
  stays: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const known = schema === undefined ? undefined : paramFields(schema)
  const isOwn = typedIn.afterDashes.has('param') || known?.fields.some(({ name }) => name === 'param') === true
  const raw = isOwn ? typed : namedParams(typed)
  const byName = Object.keys(raw).filter(name => !(name in typed))
  const source = byName.length === 0 ? typedIn : { ...typedIn, afterDashes: new Set([...typedIn.afterDashes, ...byName]) }
  checkReserved(known, source)
  checkNames(raw, known, source)
  if (schema === undefined) return raw
  return fitted(schema, raw, known, source, stays)
}

function checkReserved(known: ParamFields | undefined, source: ParamSource): void {
  const clash = known?.fields.find(field => reservedFlags.has(field.name))
  if (clash === undefined) return
  throw new WaymarkError('invalid', {
    message: `the pipeline of ${source.file} has a parameter "${clash.name}", and --${clash.name} is a flag of Waymark`,
    means: nothingRun,
    remedy: `Give the parameter another name in the schema of ${source.file}.`,
  })
}

function checkNames(raw: RawParams, known: ParamFields | undefined, source: ParamSource): void {
  const fields = new Set(known?.fields.map(field => field.name))
  for (const name of Object.keys(raw)) {
    if (fields.has(name)) continue
    const near = nearest(name, [...fields]) ?? (source.afterDashes.has(name) ? undefined : nearest(name, [...reservedFlags]))
    // A schema without a word on further fields drops them silently: a mistyped parameter would make another run of the same work.
    const refused = known !== undefined && !known.open
    if (!refused && (near === undefined || source.afterDashes.has(name))) continue
    const meant = near === undefined ? '' : `; did you mean --${near}?`
    const own = near !== undefined && !fields.has(near)
    throw new WaymarkError('invalid', {
      message: `--${name} is ${refused ? `no parameter of ${source.file}` : 'no flag of Waymark'}${meant}`,
      means: nothingRun,
      remedy:
        !refused && own
          ? `--${near}, or, if the pipeline does take ${name}: waymark run ${source.file} -- --${name} …`
          : helpRemedy(source),
      details: { param: name, ...(near === undefined ? {} : { didYouMean: near }) },
    })
  }
}

async function fitted(
  schema: Schema,
  raw: RawParams,
  known: ParamFields | undefined,
  source: ParamSource,
  stays: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const input: Record<string, unknown> = { ...stays, ...raw }
  const candidates = new Map(Object.entries(raw).map(([name, value]) => [name, otherReadings(value)]))
  for (;;) {
    const issues = (await schema['~standard'].validate(input)).issues
    if (issues === undefined) return input
    if (!tryNext(input, candidates, failingFields(issues, input))) throw brokenParams(issues, raw, known, source)
  }
}

/** The fields an issue may come from: the one it names, or all where it names none (a union of objects …). */
function failingFields(issues: readonly SchemaIssue[], input: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const fields = issues.map(fieldOf)
  return fields.includes(undefined) ? new Set(Object.keys(input)) : new Set(fields.filter(field => field !== undefined))
}

function fieldOf(issue: SchemaIssue): string | undefined {
  const first = issue.path?.[0]
  if (first === undefined) return undefined
  return String(typeof first === 'object' ? first.key : first)
}

/** Puts the next reading of each failing field in place; false if none is left. */
function tryNext(
  input: Record<string, unknown>,
  candidates: ReadonlyMap<string, unknown[]>,
  failing: ReadonlySet<string>,
): boolean {
  let changed = false
  for (const name of failing) {
    const rest = candidates.get(name)
    if (rest === undefined || rest.length === 0) continue
    input[name] = rest.shift()
    changed = true
  }
  return changed
}

/** Readings of a value beside the text itself, likeliest first; the text again at the end, so that what is reported is what was typed. */
function otherReadings(value: RawParam): unknown[] {
  if (value === true) return []
  if (typeof value !== 'string') {
    const parsed = value.map(asJson)
    return parsed.some(one => one === undefined) ? [] : [parsed, value]
  }
  const parsed = asJson(value)
  return parsed === undefined ? [[value], value] : [parsed, [value], [parsed], value]
}

function asJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function brokenParams(
  issues: readonly SchemaIssue[],
  raw: RawParams,
  known: ParamFields | undefined,
  source: ParamSource,
): WaymarkError {
  const lines = issues.map(issue => {
    const path = issuePath(issue)
    if (path === '') return issue.message
    const field = fieldOf(issue) ?? path
    if (raw[field] === undefined) {
      const type = known?.fields.find(one => one.name === field)?.type
      return `--${path} is missing${type === undefined ? '' : ` (${type})`}`
    }
    return `--${path}: ${issue.message}`
  })
  return new WaymarkError('invalid', {
    message: `the parameters of ${source.file} do not fit: ${lines.join('; ')}`,
    means: nothingRun,
    remedy: helpRemedy(source),
    details: { issues: lines },
  })
}

const helpRemedy = (source: ParamSource): string => `waymark run ${source.file} --help lists its parameters`
const nothingRun = 'Nothing was run.'
