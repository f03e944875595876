import { createRegistry, type DescMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import type { Call } from "../rpc/call.js";
import { methodPath } from "../rpc/method-path.js";
import { withImports } from "../rpc/with-imports.js";
import type { Logger } from "./logger.js";
import type { LogPayloads } from "./payload-log-option.js";
import { type Rendered, renderRedacted } from "./redaction.js";

type Stage = (call: Call, next: () => Promise<void>) => Promise<void>;

/**
 * Writes the messages of a method at level debug, each as one record. A method that is not listed, and a logger that does
 * not want that level, has no stage at all.
 *
 * @returns nothing to run, or one stage; the same on both sides
 */
export function payloadLog(method: DescMethod, chosen: LogPayloads, logger: Logger): Stage[] {
  const listed = chosen.some((each) => (each.kind === "service" ? isMethodOf(method, each) : isSame(method, each)));
  if (!listed || !(logger.isLevelEnabled?.("debug") ?? true)) return [];
  // The types that an `Any` of its schema can be expected to hold.
  const registry = createRegistry(...withImports(method.parent.file));
  const show = (call: Call, direction: "request" | "response", desc: DescMessage) => (message: Message) => {
    const record = {
      event: "message",
      direction,
      method: methodPath(method),
      peer: call.peer.id.toString(),
      payload: shown(() => renderRedacted(desc, message, registry)),
    };
    logger.debug(record, "message");
  };
  return [
    (call, next) => {
      call.onRequestMessage(show(call, "request", method.input));
      call.onResponseMessage(show(call, "response", method.output));
      return next();
    },
  ];
}

/** A log decides nothing about a call: what cannot be shown is not shown. */
function shown(render: () => Rendered): Rendered {
  try {
    return render();
  } catch {
    return "[cannot be shown]";
  }
}

function isMethodOf(method: DescMethod, service: DescService): boolean {
  return method.parent.typeName === service.typeName;
}

function isSame(method: DescMethod, other: DescMethod): boolean {
  return methodPath(method) === methodPath(other);
}
