import { WaymarkError } from './errors.ts'

export interface MissingPackage {
  /** Who needs it for what, as far as the name of the package: 'a query needs'. */
  readonly need: string
  readonly name: string
  readonly means: string
  /** What else can be done: 'pass a Pool of your own.' */
  readonly instead?: string
  readonly cause: unknown
}

/** The error for a package that users install only if they need it. */
export const missingPackage = ({ need, name, means, instead, cause }: MissingPackage): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `${need} the package ${name}, which is not installed beside waymark`,
    means,
    remedy: `npm install ${name}${instead === undefined ? '' : `, or ${instead}`}`,
    cause,
  })
