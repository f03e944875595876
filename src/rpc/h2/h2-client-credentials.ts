import type { Socket } from "node:net";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/** What grpc-js is given to connect with: the connection is made secure by us, grpc-js only speaks HTTP/2 on it. */
export class H2ClientCredentials extends ChannelCredentials {
  readonly #prepare: () => Promise<void>;
  readonly #secure: (raw: Socket) => Promise<Socket>;

  constructor(prepare: () => Promise<void>, secure: (raw: Socket) => Promise<Socket>) {
    super();
    this.#prepare = prepare;
    this.#secure = secure;
  }

  override _isSecure(): boolean {
    return true;
  }

  /** Never the same as another: a connection verified for one channel is not for the next. */
  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(
    ...[, , callCredentials]: Parameters<ChannelCredentials["_createSecureConnector"]>
  ): SecureConnector {
    return {
      waitForReady: () => this.#prepare(),
      connect: async (raw) => ({ socket: await this.#secure(raw), secure: true }),
      getCallCredentials: () => callCredentials ?? CallCredentials.createEmpty(),
      destroy: () => {},
    };
  }
}
