import type { DescService } from "@bufbuild/protobuf";
import { UsageError } from "../errors.js";

/** How a service is, in the words of gRPC's health checking protocol. */
export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING";

const servingStatuses: readonly string[] = ["UNKNOWN", "SERVING", "NOT_SERVING"] satisfies ServingStatus[];

/** The server as a whole. */
const everything = "";

/**
 * How a server and its services are: what `grpc.health.v1.Health` answers. All that is registered is `SERVING` from the
 * moment that the server can be reached, unless it was set to something else, and nothing is any more once the server
 * drains or closes.
 */
export class Health {
  readonly #statuses = new Map<string, ServingStatus>();
  readonly #listeners = new Set<() => void>();
  #begun = false;
  #ended = false;

  /**
   * Says how a service is. An application may also use names that are no services; `""` is the server as a whole.
   *
   * @throws UsageError ERR_INVALID_OPTION
   */
  set(service: string | DescService, status: ServingStatus): this {
    if (!servingStatuses.includes(status)) {
      const known = servingStatuses.join(", ");
      throw new UsageError("ERR_INVALID_OPTION", `health.set() takes one of ${known}, not ${String(status)}`);
    }
    const name = nameOf(service);
    if (this.#statuses.get(name) === status) return this;
    this.#statuses.set(name, status);
    this.#tell();
    return this;
  }

  /** How a service is; undefined when nothing is known of it. */
  get(service: string | DescService): ServingStatus | undefined {
    const status = this.#statuses.get(nameOf(service));
    return status !== undefined && (!this.#begun || this.#ended) ? "NOT_SERVING" : status;
  }

  /** Every name of which something is known. */
  names(): string[] {
    return [...this.#statuses.keys()];
  }

  /** @internal The server can be reached from now on. */
  begin(services: Iterable<DescService>): void {
    this.#begun = true;
    for (const name of [everything, ...[...services].map(nameOf)]) {
      if (!this.#statuses.has(name)) this.#statuses.set(name, "SERVING");
    }
    this.#tell();
  }

  /** @internal The server ends; what is set from now on makes no difference. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell();
  }

  /** @internal Whether there will be no more changes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @internal Resolves at the next change, or when nobody waits for it any more. */
  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function nameOf(service: string | DescService): string {
  return typeof service === "string" ? service : service.typeName;
}
