import { type CodedError, type ErrorCode, PeerError } from "../errors.js";
import { newReference } from "../reference.js";

/** Why a connection was refused, for the log. The peer hears the reference, never the reason. */
export interface ConnectionRefusal {
  readonly reason: CodedError;
  readonly reference: string;
  /** How many connections it is about, by reason, where it stands for more than one. */
  readonly counts?: ReadonlyMap<ErrorCode, number>;
}

const windowMs = 1_000;
const mostInOneWindow = 10;

/**
 * Passes reports of refusals on: within a second ten, and the first for each reason, so that many who have no certificate
 * do not hide the one with a copied one. The rest of that second becomes one report with the number of each reason. So
 * whoever can connect cannot fill the disk with log lines.
 */
export class RefusalReports {
  readonly #report: (refusal: ConnectionRefusal) => void;
  readonly #withheld = new Map<ErrorCode, number>();
  readonly #seen = new Set<ErrorCode>();
  #passed = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(report: (refusal: ConnectionRefusal) => void) {
    this.#report = report;
  }

  add(refusal: ConnectionRefusal): void {
    this.#window ??= setTimeout(() => this.flush(), windowMs).unref();
    const { code } = refusal.reason;
    if (this.#passed < mostInOneWindow || !this.#seen.has(code)) {
      this.#passed++;
      this.#seen.add(code);
      this.#pass(refusal);
    } else {
      this.#withheld.set(code, (this.#withheld.get(code) ?? 0) + 1);
    }
  }

  /** Reports what was withheld, without waiting for the end of the second. */
  flush(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    this.#passed = 0;
    this.#seen.clear();
    const [first] = this.#withheld.keys();
    if (first === undefined) return;
    const counts = new Map(this.#withheld);
    this.#withheld.clear();
    const words = [...counts].map(([code, count]) => `${count} ${code}`).join(", ");
    const reason = new PeerError(first, `more connections were refused within a second: ${words}`);
    this.#pass({ reason, reference: newReference(), counts });
  }

  #pass(refusal: ConnectionRefusal): void {
    try {
      this.#report(refusal);
    } catch {
      // A log that fails must not decide about connections.
    }
  }
}
