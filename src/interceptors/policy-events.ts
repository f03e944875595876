import { Listeners } from "../listeners.js";

/** A new policy file is in force. */
export interface PolicyChange {
  readonly file: string;
  /** The `name` of the policy. */
  readonly name: string;
  readonly rules: number;
}

/** Who wants to hear what becomes of a policy file. */
export class PolicyEvents {
  readonly #refused = new Listeners<Error>();
  readonly #changed = new Listeners<PolicyChange>();

  onRefused(listener: (error: Error) => void): Disposable {
    return this.#refused.add(listener);
  }

  onChange(listener: (change: PolicyChange) => void): Disposable {
    return this.#changed.add(listener);
  }

  /** A listener that throws is a process warning, and no reason not to tell the others. */
  refused(error: Error): void {
    this.#refused.tell(error);
  }

  changed(change: PolicyChange): void {
    this.#changed.tell(change);
  }
}
