/** What is known of saves and failures. Both in milliseconds. */
export interface SaveCosts {
  /** What one save takes from the work. */
  readonly costMs: number
  /** Mean time from one failure to the next (or from the start to the first), of work done. */
  readonly meanTimeToFailureMs: number
}

/**
 * The time between saves that loses least in all, to first order: sqrt(2 C M).
 *
 * J. W. Young, "A first order approximation to the optimum checkpoint interval", Communications of the ACM 17(9), 1974, pp.
 * 530-531, doi:10.1145/361147.361115.
 */
export const youngIntervalMs = ({ costMs, meanTimeToFailureMs }: SaveCosts): number => Math.sqrt(2 * costMs * meanTimeToFailureMs)

/**
 * The same to higher order: with x = sqrt(C / 2M), sqrt(2 C M) (1 + x/3 + x²/9) - C while C < 2M, else M. It is work between the
 * end of one save and the beginning of the next. Where saves are cheap both agree; where a failure comes every few saves, Young's
 * is too long by a few percent.
 *
 * J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", Future Generation Computer Systems
 * 22(3), 2006, pp. 303-312, doi:10.1016/j.future.2004.11.016 (the paper's δ is C, its τ_opt what is returned).
 */
export function dalyIntervalMs({ costMs, meanTimeToFailureMs }: SaveCosts): number {
  if (costMs >= 2 * meanTimeToFailureMs) return meanTimeToFailureMs
  const x = Math.sqrt(costMs / (2 * meanTimeToFailureMs))
  return youngIntervalMs({ costMs, meanTimeToFailureMs }) * (1 + x / 3 + (x * x) / 9) - costMs
}

/** The shortest time between saves with which they take no more than this share of the time: C (1 - s) / s. */
export function leastIntervalFor(costMs: number, overhead: number): number {
  return overhead >= 1 ? 0 : (costMs * (1 - overhead)) / overhead
}
