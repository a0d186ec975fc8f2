/** Who owns a run: one process, told apart from any other that ever had its pid. */
export interface Owner {
  /** Random, new for each process; names its lease file. */
  readonly process: string
  readonly host: string
  readonly pid: number
  /** Linux: `/proc/sys/kernel/random/boot_id`. */
  readonly bootId?: string
  /** Linux: the pid namespace; pids mean something only inside one. */
  readonly pidNamespace?: string
  /** Linux: start time of the process in clock ticks since boot; tells a reused pid apart. */
  readonly processStart?: string
  /** The process that supervises this one, by the same facts. */
  readonly supervisor?: { readonly pid: number; readonly processStart?: string }
}
