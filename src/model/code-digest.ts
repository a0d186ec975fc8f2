/** What code an attempt ran: shown when it changed, never decisive. */
export interface CodeDigest {
  /** Over all files, comments and white space stripped. */
  readonly digest: string
  /** Project files by path relative to the pipeline's project. */
  readonly files: Readonly<Record<string, string>>
  /** Of these files, three characters for each line: tells which lines changed. Absent for files beyond what is kept. */
  readonly lines?: Readonly<Record<string, string>>
}
