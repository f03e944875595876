import type { X509Svid } from "../identity/x509-svid.js";
import type { Source } from "../source.js";
import { wallClockAlarm } from "../transport/wall-clock-alarm.js";
import type { Logger } from "./logger.js";

/** The part of a certificate's life that is left when it is time to say so: a sixth. Who renews in time does it at a third. */
const lastPart = 6;

/**
 * Writes when our own certificate is about to end, and when it has. Nobody else would: the peers that refuse it know
 * the reason, and this side hears of closed connections only.
 */
export class CertificateAlarm implements Disposable {
  readonly #logger: Logger;
  readonly #side: "server" | "client";
  readonly #now: () => number;
  readonly #subscription: Disposable;
  #svid: X509Svid;
  #alarms: readonly Disposable[];

  constructor(
    credentials: Source<{ readonly svid: X509Svid }>,
    logger: Logger,
    side: "server" | "client",
    now: () => number = Date.now,
  ) {
    this.#logger = logger;
    this.#side = side;
    this.#now = now;
    this.#svid = credentials.current().svid;
    this.#alarms = this.#set();
    this.#subscription = credentials.onChange(({ svid }) => {
      if (svid === this.#svid) return;
      this.#stop();
      this.#svid = svid;
      this.#alarms = this.#set();
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#stop();
  }

  #stop(): void {
    for (const alarm of this.#alarms) alarm[Symbol.dispose]();
  }

  #set(): Disposable[] {
    const { notBefore, notAfter } = this.#svid.leaf;
    const lifeMs = notAfter.getTime() - notBefore.getTime();
    const soon = () => this.#logger.warn(this.#record("certificate expires soon"), "our certificate expires soon");
    const over = () => this.#logger.error(this.#record("certificate expired"), "our certificate has expired");
    return [
      wallClockAlarm(notAfter.getTime() - Math.floor(lifeMs / lastPart), this.#now, soon),
      // Certificates count in whole seconds; the last one is over when the next begins.
      wallClockAlarm(notAfter.getTime() + 1_000, this.#now, over),
    ];
  }

  #record(event: string): object {
    const { id, notAfter } = this.#svid;
    const identity = id.toString();
    const fix = `certs-tool issue ${identity} --ca CA_DIR --out CREDENTIALS_DIR`;
    return { event, side: this.#side, identity, expires: notAfter.toISOString(), fix };
  }
}
