import type { Channel } from "../../client/channel.js";
import { createClient } from "../../client/client.js";
import { ConfigError, RpcError } from "../../errors.js";
import { ServerReflection, type ServerReflectionResponse } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { quote } from "../../identity/quote.js";
import { Status } from "../../status.js";

/** What can be asked of a server that describes itself. */
export type Question =
  | { readonly case: "listServices"; readonly value: string }
  | { readonly case: "fileContainingSymbol"; readonly value: string }
  | { readonly case: "fileByFilename"; readonly value: string };

export type Answer = ServerReflectionResponse["messageResponse"];

/** The standard service, and its name before it was standard, which older servers have: the messages are the same. */
const versions = [ServerReflection, ServerReflectionAlpha] as const;

/** Asks a server about its schema. */
export class Reflection {
  readonly #channel: Channel;
  #leftMs: number;
  #version = 0;

  /** @param timeoutMs for all questions together: a server that takes its time over each, and has no end of files, ends too */
  constructor(channel: Channel, timeoutMs: number) {
    this.#channel = channel;
    this.#leftMs = timeoutMs;
  }

  /**
   * @returns undefined when the server does not know what it is asked about
   * @throws ConfigError ERR_NO_REFLECTION; RpcError
   */
  async ask(question: Question): Promise<Answer | undefined> {
    if (this.#leftMs <= 0) {
      throw new RpcError(Status.DEADLINE_EXCEEDED, "the server took too long to say what its schema is");
    }
    const begun = performance.now();
    const answer = await this.#askAny(question).finally(() => {
      this.#leftMs -= performance.now() - begun;
    });
    if (answer.case !== "errorResponse") return answer;
    const { errorCode, errorMessage } = answer.value;
    if (errorCode === Status.NOT_FOUND) return undefined;
    throw new RpcError(Status.UNKNOWN, `reflection failed with ${errorCode}: ${quote(errorMessage)}`);
  }

  async #askAny(question: Question): Promise<Answer> {
    for (;;) {
      try {
        return await this.#askOne(question);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (this.#version === versions.length - 1) throw noReflection(error);
        this.#version += 1;
      }
    }
  }

  /** One stream a question: a server that answers something else cannot confuse the next one. */
  async #askOne(messageRequest: Question): Promise<Answer> {
    const service = versions[this.#version] as typeof ServerReflection;
    const client = createClient(service, this.#channel, { timeoutMs: Math.max(1, this.#leftMs) });
    for await (const { messageResponse } of client.serverReflectionInfo([{ messageRequest }])) return messageResponse;
    throw new RpcError(Status.INTERNAL, "the server ended reflection without an answer");
  }
}

/** A server without reflection says so, or says that nobody may call what it does not have. */
function isRefusal(error: unknown): error is RpcError {
  return (
    error instanceof RpcError &&
    error.received &&
    (error.status === Status.UNIMPLEMENTED || error.status === Status.PERMISSION_DENIED)
  );
}

function noReflection(cause: RpcError): ConfigError {
  return new ConfigError(
    "ERR_NO_REFLECTION",
    `the server does not describe itself to this identity: ${cause.message}`,
    "pass --proto DIR or --descriptor FILE, or switch reflection on in the server and allow it",
    { cause },
  );
}
