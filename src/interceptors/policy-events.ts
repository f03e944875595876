/** A new policy file is in force. */
export interface PolicyChange {
  readonly file: string;
  /** The `name` of the policy. */
  readonly name: string;
  readonly rules: number;
}

/** Who wants to hear what becomes of a policy file. */
export class PolicyEvents {
  readonly #refused = new Set<(error: Error) => void>();
  readonly #changed = new Set<(change: PolicyChange) => void>();

  onRefused(listener: (error: Error) => void): Disposable {
    return subscribe(this.#refused, listener);
  }

  onChange(listener: (change: PolicyChange) => void): Disposable {
    return subscribe(this.#changed, listener);
  }

  /** A listener that throws is a process warning, and no reason not to tell the others. */
  refused(error: Error): void {
    tell(this.#refused, error);
  }

  changed(change: PolicyChange): void {
    tell(this.#changed, change);
  }
}

function subscribe<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): Disposable {
  const own = (value: T) => listener(value);
  listeners.add(own);
  return { [Symbol.dispose]: () => void listeners.delete(own) };
}

function tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) {
    try {
      listener(value);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}
