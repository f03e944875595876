import { type Status, statusName } from "../../status.js";
import type { Attributes } from "../metrics/metrics.js";

/** What is counted for each status in which the calls of one method ended, made when the first of them ends so. */
export class ByStatus<Counted> {
  readonly #attributes: Attributes;
  readonly #make: (attributes: Attributes) => Counted;
  readonly #made: (Counted | undefined)[] = new Array(17).fill(undefined);

  /** @param attributes of the method */
  constructor(attributes: Attributes, make: (attributes: Attributes) => Counted) {
    this.#attributes = attributes;
    this.#make = make;
  }

  of(status: Status): Counted {
    let counted = this.#made[status];
    if (counted === undefined) {
      counted = this.#make({ ...this.#attributes, "grpc.status": statusName(status) });
      this.#made[status] = counted;
    }
    return counted;
  }
}
