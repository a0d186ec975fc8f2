/**
 * A decimal in units of its last digit: '12.50' with a scale of 2 is 1250n. Undefined where it would not come back as it is: a text must be written as {@link decimalText} writes it, and
 * a number must be the nearest one to the decimal.
 */
export function decimalUnits(value: string | number | bigint, scale: number): bigint | undefined {
  if (typeof value === 'bigint') return wholeUnits(value, scale)
  const text = typeof value === 'string' ? value : fixedText(value, scale)
  if (text === undefined) return undefined
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '' || fraction.length !== Math.max(0, scale)) return undefined
  const digits = BigInt(whole + fraction)
  const units = scale < 0 ? digits / 10n ** BigInt(-scale) : digits
  const signed = sign === '-' ? -units : units
  if (typeof value === 'string' && decimalText(signed, scale) !== value) return undefined
  return typeof value === 'number' && !Object.is(Number(decimalText(signed, scale)), value) ? undefined : signed
}

/** With as many decimals as the scale says. */
export function decimalText(units: bigint, scale: number): string {
  if (scale <= 0) return String(units * 10n ** BigInt(-scale))
  const sign = units < 0n ? '-' : ''
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function wholeUnits(value: bigint, scale: number): bigint | undefined {
  if (scale >= 0) return value * 10n ** BigInt(scale)
  const unit = 10n ** BigInt(-scale)
  return value % unit === 0n ? value / unit : undefined
}

function fixedText(value: number, scale: number): string | undefined {
  if (!Number.isFinite(value) || scale > 100) return undefined
  return Math.abs(value) < 1e21 ? value.toFixed(Math.max(0, scale)) : String(BigInt(value))
}
