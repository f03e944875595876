import type { TLSSocket } from "node:tls";
import type { CredentialState } from "../credentials/credential-state.js";
import { type CodedError, isCodedError, PeerError, RpcError } from "../errors.js";
import type { PeerRole } from "../identity/leaf-profile.js";
import { type PeerIdentity, recheckPeer } from "../identity/verify-peer.js";
import { newReference } from "../reference.js";
import type { Source } from "../source.js";
import { Status } from "../status.js";
import { generationOf } from "./generation.js";
import { Moment } from "./moment.js";
import type { SecureConnection } from "./secure-connection.js";
import { wallClockAlarm } from "./wall-clock-alarm.js";

export interface GuardedConnectionOptions {
  readonly socket: TLSSocket;
  readonly peer: PeerIdentity;
  readonly protocol: string;
  /** The role of the peer. */
  readonly role: PeerRole;
  readonly credentials: Source<CredentialState>;
  /** What the handshake was begun with; the credentials may have changed since. */
  readonly madeWith: CredentialState;
  readonly now: () => number;
  readonly retireGraceMs: number;
}

/** Watches over a verified connection, and ends it when what it rests on has ended. */
export class GuardedConnection implements SecureConnection {
  readonly id = newReference();
  readonly socket: TLSSocket;
  readonly peer: PeerIdentity;
  readonly protocol: string;
  readonly generation: number;
  readonly #options: GuardedConnectionOptions;
  readonly #now: () => number;
  readonly #trustedUntil: number;
  readonly #watches: Disposable[] = [];
  readonly #retired = new Moment<void>();
  readonly #closed = new Moment<Error | undefined>();
  #checkedWith: CredentialState;
  #distrust: CodedError | undefined;
  #reason: Error | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(options: GuardedConnectionOptions) {
    const { socket, peer, protocol, madeWith, credentials, now } = options;
    this.#options = options;
    this.socket = socket;
    this.peer = peer;
    this.protocol = protocol;
    this.generation = generationOf(madeWith);
    this.#now = now;
    this.#trustedUntil = peer.notAfter;
    this.#checkedWith = credentials.current();
    socket.on("error", (error) => {
      this.#reason ??= error;
    });
    socket.once("close", () => this.#end());
    this.#watches.push(
      credentials.onChange((state) => this.#recheck(state)),
      wallClockAlarm(this.#retireAt(), now, () => this.#retire()),
      wallClockAlarm(this.#trustedUntil, now, () => this.#cut(this.#expired())),
    );
    if (isReplaced(madeWith, credentials.current())) this.#retire();
  }

  assertTrusted(): void {
    const state = this.#options.credentials.current();
    if (state !== this.#checkedWith) this.#recheck(state);
    if (this.#now() >= this.#trustedUntil) this.#cut(this.#expired());
    if (this.#distrust !== undefined) throw this.#distrust;
  }

  onRetire(listener: () => void): void {
    this.#retired.listen(listener);
  }

  onClose(listener: (reason?: Error) => void): void {
    this.#closed.listen(listener);
  }

  destroy(reason: Error): void {
    this.#reason ??= reason;
    // Without the error: it is ours, not the socket's, and reaches whoever asked through onClose.
    this.socket.destroy();
  }

  /** A retired connection ends itself when this has passed, or a tenth of a lifetime that is shorter than usual. */
  #retireAt(): number {
    const lifetimeMs = this.#trustedUntil - this.#now();
    return this.#trustedUntil - Math.min(this.#options.retireGraceMs, lifetimeMs / 10);
  }

  #recheck(state: CredentialState): void {
    this.#checkedWith = state;
    const { bundle, pins, revoked } = state;
    try {
      recheckPeer(this.peer, { bundle, pins, revoked, now: new Date(this.#now()), role: this.#options.role });
    } catch (error) {
      this.#cut(isCodedError(error) ? error : unverifiable(error));
      return;
    }
    if (isReplaced(this.#options.madeWith, state)) this.#retire();
  }

  #cut(distrust: CodedError): void {
    this.#distrust ??= distrust;
    this.destroy(this.#distrust);
  }

  #expired(): PeerError {
    const until = new Date(this.#trustedUntil).toISOString();
    return new PeerError("ERR_CERTIFICATE_EXPIRED", `the certificate of ${this.peer.id} expired at ${until}`, {
      facts: { peerId: this.peer.id.toString(), pin: this.peer.pin.toString() },
    });
  }

  #retire(): void {
    if (this.#grace !== undefined || this.#closed.hasCome) return;
    this.#grace = setTimeout(() => this.destroy(retired()), this.#options.retireGraceMs).unref();
    this.#retired.come();
  }

  #end(): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
    clearTimeout(this.#grace);
    this.#closed.come(this.#reason);
  }
}

/** A new pin or revocation leaves good connections alone; a new identity or a new issuer is to be used by all of them. */
function isReplaced(old: CredentialState, state: CredentialState): boolean {
  const sameSvid = old.svid === state.svid || old.svid.certPem === state.svid.certPem;
  return !sameSvid || (old.bundle !== state.bundle && old.bundle.toPem() !== state.bundle.toPem());
}

function retired(): RpcError {
  const message = "the connection was replaced, because the credentials changed or are about to expire";
  return new RpcError(Status.UNAVAILABLE, message, { code: "ERR_SHUTTING_DOWN" });
}

function unverifiable(cause: unknown): PeerError {
  return new PeerError("ERR_HANDSHAKE_FAILED", "the peer could not be verified again", { cause });
}
