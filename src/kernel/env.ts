/** A function's environment: what `process.env` holds. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The region that a function runs in. Throws where Lambda has not set it. */
export function regionOf(source: Environment): string {
  if (source.AWS_REGION) return source.AWS_REGION;
  throw new Error('environment variable AWS_REGION is missing: Lambda sets it');
}

/** What a function reads from its environment, and the construct writes into it: one definition for both sides. */
export class EnvCodec<K extends string, O extends string = never> {
  /**
   * @param required variables by property name; a missing one fails at the function's init
   * @param optional variables by property name that may be absent
   */
  constructor(
    private readonly required: Readonly<Record<K, string>>,
    private readonly optional = {} as Readonly<Record<O, string>>,
  ) {}

  /** The environment for a function. Absent optional values are left out. */
  public write(values: Readonly<Record<K, string>> & Readonly<Partial<Record<O, string>>>): Record<string, string> {
    const environment: Record<string, string> = {};
    for (const [key, name] of this.entries()) {
      const value = (values as Readonly<Record<string, string | undefined>>)[key];
      if (value !== undefined) environment[name] = value;
    }
    return environment;
  }

  /** Reads the values back. Throws when a required variable is missing or empty. */
  public read(source: Environment): Readonly<Record<K, string>> & Readonly<Partial<Record<O, string>>> {
    const values: Record<string, string> = {};
    for (const [key, name] of this.entries()) {
      const value = source[name];
      if (value) {
        values[key] = value;
      } else if (key in this.required) {
        throw new Error(`environment variable ${name} is missing: the construct that makes this function sets it`);
      }
    }
    return values as Readonly<Record<K, string>> & Readonly<Partial<Record<O, string>>>;
  }

  private entries(): [string, string][] {
    return [...Object.entries<string>(this.required), ...Object.entries<string>(this.optional)];
  }
}
