import { WaymarkError } from '../model/errors.ts'

/**
 * A class of your own that can be stored, made by {@link codec}. Opaque: pass it on in `codecs`.
 */
export interface Codec {
  /** The name in the stored bytes. */
  readonly tag: string
  /** What instances must have as their prototype, exactly: an instance of a subclass is not one. */
  readonly prototype: object
  /** The content stored for an instance. */
  encode(instance: object): unknown
  /** The instance for a stored content. */
  decode(content: unknown): object
}

/** How instances of a class become something storable, and back. */
export interface CodecDefinition<Instance extends object, Content> {
  /** Stable name written into the stored bytes: renaming the class is free, renaming the tag makes stored values unreadable. */
  readonly tag: string
  /** Gives what stands for the instance: any storable value, instances of other registered classes included. */
  encode(instance: Instance): Content
  /** Makes an instance of what `encode` returned. Check it if an older `encode` stored something else under the same tag. */
  decode(content: Content): Instance
}

/**
 * Registers a class, so that its instances can be stored; without it they are refused, because their prototype would be lost.
 *
 * @example
 * const money = codec(Money, {
 *   tag: 'money',
 *   encode: money => [money.cents, money.currency],
 *   decode: ([cents, currency]) => new Money(cents, currency),
 * })
 */
export function codec<Instance extends object, const Content>(
  Class: ClassOf<Instance>,
  definition: CodecDefinition<Instance, Content>,
): Codec {
  const { tag } = definition
  if (tag === '' || tag.length > 200 || !tag.isWellFormed()) {
    throw invalidCodec(`The tag of the codec for ${Class.name} must have 1 to 200 characters.`, 'Give it a short, stable name.')
  }
  if (Class.prototype === Object.prototype || Class.prototype === Array.prototype) {
    throw invalidCodec(`${Class.name} needs no codec.`, 'Plain objects and arrays are stored as they are.')
  }
  return {
    tag,
    prototype: Class.prototype,
    encode(instance) {
      if (!isInstanceOf(Class, instance)) throw new TypeError(`not an instance of ${Class.name}`)
      return definition.encode(instance)
    },
    decode(content) {
      // The one unchecked step: that a content under this tag has the type `encode` returns.
      const instance = definition.decode(content as Content)
      if (!isInstanceOf(Class, instance)) throw new TypeError(`what it made is not an instance of ${Class.name} itself`)
      return instance
    },
  }
}

/** A class, its constructor public or not. */
export interface ClassOf<Instance extends object> {
  readonly name: string
  readonly prototype: Instance
}

function isInstanceOf<Instance extends object>(Class: ClassOf<Instance>, value: object): value is Instance {
  return Object.getPrototypeOf(value) === Class.prototype
}

/** Codecs by what is known when writing and when reading. */
export class CodecRegistry {
  static readonly none: CodecRegistry = new CodecRegistry([])

  readonly #byPrototype = new Map<object, Codec>()
  readonly #byTag = new Map<string, Codec>()

  private constructor(codecs: readonly Codec[]) {
    for (const codec of codecs) {
      if (this.#byTag.has(codec.tag) || this.#byPrototype.has(codec.prototype)) {
        throw invalidCodec(
          `Two codecs share the tag or the class of "${codec.tag}".`,
          'Register each class once, under its own tag.',
        )
      }
      this.#byTag.set(codec.tag, codec)
      this.#byPrototype.set(codec.prototype, codec)
    }
  }

  static of(codecs: readonly Codec[] | undefined): CodecRegistry {
    return codecs === undefined || codecs.length === 0 ? CodecRegistry.none : new CodecRegistry(codecs)
  }

  forPrototype(prototype: object): Codec | undefined {
    return this.#byPrototype.get(prototype)
  }

  forTag(tag: string): Codec | undefined {
    return this.#byTag.get(tag)
  }
}

/** The instance that a codec makes of a content. What it throws says nothing about the bytes, so it must not look like damage. */
export function restoredInstance(codec: Codec, content: unknown): object {
  try {
    return codec.decode(content)
  } catch (error) {
    throw new WaymarkError('invalid', {
      message: `The codec "${codec.tag}" could not restore an instance: ${error instanceof Error ? error.message : String(error)}.`,
      means: 'The stored bytes are intact; nothing was changed.',
      remedy: `Let the decode of "${codec.tag}" accept all that its encode has ever returned.`,
      cause: error,
      details: { codec: codec.tag },
    })
  }
}

function invalidCodec(message: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message, means: 'Nothing was read or saved.', remedy })
}
