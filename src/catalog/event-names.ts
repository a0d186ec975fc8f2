import { textOf } from './event-rows.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

/** More are looked up again. */
const mostRemembered = 20_000

/** Numbers of the texts in the index, 0 stands for none; and of its kinds of events. */
export class EventNames {
  readonly #connection: SqliteConnection
  readonly #numbers = new Map<string, number>()
  readonly #texts = new Map<number, string>()
  readonly #kinds = new Map<string, number>()

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Undefined: nothing in the index has this name. */
  known(text: string): number | undefined {
    const remembered = this.#numbers.get(text)
    if (remembered !== undefined) return remembered
    const row = this.#connection.get('SELECT n FROM name WHERE text = ?', text)
    if (row === undefined) return undefined
    return this.#remember(Number(row['n']), text)
  }

  number(text: string | undefined): number {
    if (text === undefined) return 0
    return this.known(text) ?? this.#remember(this.#connection.run('INSERT INTO name (text) VALUES (?)', text), text)
  }

  text(number: number): string | undefined {
    if (number === 0) return undefined
    const remembered = this.#texts.get(number)
    if (remembered !== undefined) return remembered
    const row = this.#connection.get('SELECT text FROM name WHERE n = ?', number)
    if (row === undefined) throw catalogDamaged(this.#connection.file, `name ${number} is missing`)
    const text = textOf(row, 'text')
    this.#remember(number, text)
    return text
  }

  kind(type: string, status: string): number {
    const key = `${status}\n${type}`
    const remembered = this.#kinds.get(key)
    if (remembered !== undefined) return remembered
    const row = this.#connection.get('SELECT n FROM kind WHERE type = ? AND status = ?', type, status)
    const number = Number(row?.['n'] ?? this.#connection.run('INSERT INTO kind (type, status) VALUES (?, ?)', type, status))
    if (this.#kinds.size >= mostRemembered) this.#kinds.clear()
    this.#kinds.set(key, number)
    return number
  }

  forget(): void {
    this.#numbers.clear()
    this.#texts.clear()
    this.#kinds.clear()
  }

  #remember(number: number, text: string): number {
    if (this.#numbers.size >= mostRemembered) this.forget()
    this.#numbers.set(text, number)
    this.#texts.set(number, text)
    return number
  }
}
