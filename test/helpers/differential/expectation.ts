import { Status, statusName } from "../../../src/status.js";
import type { TransportName } from "../../../src/transport/protocols.js";
import { type CallPlan, encodedBytes, type Limits, sendsOne, writesOf } from "./program.js";
import { shown } from "./run.js";

/**
 * What must be observed of a call. The value of a field is compared when it is certain; where it is not, the comment says
 * why, and what is observed must still be a beginning of it (`messages`, `requests`), or it or nothing (`header`, `trailer`).
 */
export interface Expectation {
  readonly outcome: string;
  readonly messages: Field<readonly string[]>;
  readonly header: Field<readonly string[] | undefined>;
  readonly trailer: Field<readonly string[] | undefined>;
  /** Undefined when the handler must not begin. */
  readonly seen:
    | { readonly certain: boolean; readonly requests: Field<readonly string[]>; readonly aborted: Aborted }
    | undefined;
}

export interface Field<T> {
  readonly value: T;
  readonly certain: boolean;
}

type Aborted = readonly (number | undefined)[];

const quietly: Aborted = [undefined];
const cancelled: Aborted = [Status.CANCELLED];

export function expectationOf(plan: CallPlan, limits: Limits, transport: TransportName): Expectation {
  const refused = plan.requests.findIndex((bytes) => encodedBytes(bytes) > Math.min(limits.client, limits.server));
  if (refused >= 0) return expectRefusedRequest(plan, limits, refused, transport);
  const writes = writesOf(plan);
  const large = writes.findIndex((bytes) => encodedBytes(bytes) > Math.min(limits.client, limits.server));
  if (large >= 0) return expectRefusedResponse(plan, limits, transport, large);
  return expectEnding(plan, transport);
}

function expectEnding(plan: CallPlan, transport: TransportName): Expectation {
  const { ending, reader } = plan;
  const messages = { value: sizesIn(writesOf(plan)), certain: true };
  const header = { value: lines(plan.header), certain: true };
  const trailer = { value: shown(plan.trailer), certain: true };
  const requests = { value: readBy(plan), certain: true };
  const seen = { certain: true, requests, aborted: quietly };
  const none = { value: undefined, certain: true };
  // Of what was on its way when a call ends on this side nobody knows how much has arrived.
  const confirmed = plan.steps.at(-1)?.step === "confirm" || messages.value.length === 0;
  switch (ending.by) {
    case "success":
      return { outcome: "OK", messages, header, trailer, seen };
    case "status":
    case "accident":
      return {
        outcome: failureBy(ending),
        // grpc-js gives its user a status other than OK as soon as it arrives, before messages that were not read by then,
        // and drops those (`Http2SubchannelCall.outputStatus` in 1.14.7).
        messages: { ...messages, certain: transport === "direct" || (confirmed && reader.reads === "eagerly") },
        header,
        trailer,
        seen,
      };
    case "cancel":
      return {
        outcome: 'CANCELLED ERR_RPC_CANCELLED "the call was cancelled"',
        messages: { ...messages, certain: confirmed },
        header: headerSoFar(plan),
        trailer: none,
        seen: { ...seen, aborted: cancelled },
      };
    case "leaving": {
      const count = reader.reads as number;
      return {
        outcome: "left",
        messages: { value: messages.value.slice(0, count), certain: true },
        header: { ...header, certain: count > 0 },
        trailer: none,
        // It may leave before the call has reached the server, and before the handler has read what it would.
        seen: { certain: count > 0, requests: { ...requests, certain: false }, aborted: cancelled },
      };
    }
    case "broken requests":
      return {
        outcome: 'CANCELLED ERR_RPC_CANCELLED "the iterable of requests failed"',
        messages: { ...messages, certain: false },
        header: { ...header, certain: false },
        trailer: none,
        seen: { certain: false, requests: { ...requests, certain: false }, aborted: cancelled },
      };
    case "deadline":
      // It may pass at any moment of the call, first on either side.
      return {
        outcome: 'DEADLINE_EXCEEDED ERR_RPC_DEADLINE_EXCEEDED "the deadline of the call has passed"',
        messages: { ...messages, certain: false },
        header: { ...header, certain: false },
        trailer: { ...trailer, certain: false },
        seen: {
          certain: false,
          requests: { ...requests, certain: false },
          aborted: [Status.CANCELLED, Status.DEADLINE_EXCEEDED],
        },
      };
  }
}

/** A request that one of the sides does not accept. In a stream the handler reads until then; see `playable`. */
function expectRefusedRequest(plan: CallPlan, limits: Limits, at: number, transport: TransportName): Expectation {
  const bytes = encodedBytes(plan.requests[at] ?? 0);
  // On the direct transport a client knows what its server takes.
  const byClient = bytes > limits.client || transport === "direct";
  const none = { value: undefined, certain: true };
  const outcome = byClient
    ? tooLarge(
        "ERR_MESSAGE_TOO_LARGE",
        `the request has ${bytes} bytes, ${firstLimit(bytes, limits.client, limits.server)}`,
      )
    : tooLarge("ERR_RPC_RESOURCE_EXHAUSTED", "the request is larger than the limit");
  const messages = { value: [], certain: true };
  // A call that its transport ends has an empty trailer, one that fails above it has none.
  const ofClient = bytes > limits.client ? none : { value: [], certain: true };
  if (sendsOne(plan)) {
    // The handler has not begun, so there is nothing of its metadata; a trailer of the server's own is empty.
    return {
      outcome,
      messages,
      header: none,
      trailer: ofClient,
      seen: undefined,
    };
  }
  return {
    outcome,
    messages,
    // The transports end such a call before or after the handler has heard of it, so with or without its metadata.
    header: { value: lines(plan.header), certain: false },
    trailer: byClient ? ofClient : { value: shown(plan.trailer), certain: false },
    seen: {
      certain: !byClient,
      requests: { value: sizesIn(plan.requests.slice(0, at)), certain: !byClient },
      // node:http2 ends the stream of a call that is cancelled in good order, and only then resets it: a server that does not
      // get both at once takes the requests for complete (H2ServerStream waits a turn for that reason, not for ever).
      aborted: byClient ? [...cancelled, ...(transport === "h2" ? quietly : [])] : [Status.RESOURCE_EXHAUSTED],
    },
  };
}

function expectRefusedResponse(plan: CallPlan, limits: Limits, transport: TransportName, at: number): Expectation {
  const writes = writesOf(plan);
  const bytes = encodedBytes(writes[at] ?? 0);
  const byServer = bytes > limits.server || transport === "direct";
  const before = { value: sizesIn(writes.slice(0, at)), certain: at === 0 };
  const header = { value: lines(plan.header), certain: true };
  const seen = {
    certain: true,
    requests: { value: readBy(plan, at), certain: true },
    aborted: byServer ? quietly : cancelled,
  };
  if (byServer) {
    return {
      outcome: tooLarge(
        "ERR_RPC_RESOURCE_EXHAUSTED",
        `the response has ${bytes} bytes, ${firstLimit(bytes, limits.server, limits.client)}`,
      ),
      // As with any other failure.
      messages: { ...before, certain: at === 0 || transport === "direct" },
      header,
      trailer: { value: shown(plan.trailer), certain: true },
      seen,
    };
  }
  return {
    outcome: tooLarge("ERR_MESSAGE_TOO_LARGE", "the response is larger than the limit"),
    // The client ends the call when the size shows, which is before it has given out what came before.
    messages: before,
    header,
    trailer: { value: [], certain: true },
    // The handler may have gone on in the meantime, or come to its end.
    seen: { ...seen, requests: { value: readBy(plan), certain: false }, aborted: [undefined, Status.CANCELLED] },
  };
}

function firstLimit(bytes: number, own: number, peers: number): string {
  return bytes > own ? `the limit is ${own}` : `the other side takes ${peers}`;
}

function sizesIn(sizes: readonly number[]): string[] {
  return sizes.map((bytes, place) => `${place}: ${bytes}`);
}

/** The requests that the handler reads, until it writes the response that is refused. */
function readBy(plan: CallPlan, untilWrite = Number.POSITIVE_INFINITY): string[] {
  if (sendsOne(plan)) return [];
  let count = 0;
  let writes = 0;
  for (const each of plan.steps) {
    if (each.step === "read") count += each.count;
    if (each.step === "write" && writes++ === untilWrite) break;
  }
  return sizesIn(plan.requests.slice(0, count));
}

function lines(header: CallPlan["header"]): readonly string[] | undefined {
  return header.length === 0 ? undefined : shown(header);
}

/** The header of a call that the client ends: certain when it was never sent, or came with a message that was confirmed. */
function headerSoFar({ header, steps }: CallPlan): Field<readonly string[] | undefined> {
  const sentAt = steps.findIndex((each) => each.step === "header" || each.step === "write");
  if (sentAt < 0) return { value: undefined, certain: true };
  const wroteAt = steps.findIndex((each) => each.step === "write");
  const confirmed = wroteAt >= 0 && steps.slice(wroteAt).some((each) => each.step === "confirm");
  return { value: lines(header), certain: confirmed || header.length === 0 };
}

function failureBy(ending: Extract<CallPlan["ending"], { by: "status" | "accident" }>): string {
  if (ending.by === "accident") return 'INTERNAL ERR_RPC_INTERNAL "internal error (reference …)"';
  const name = statusName(ending.status);
  return `${name} ERR_RPC_${name} ${JSON.stringify(ending.message.toWellFormed())}`;
}

function tooLarge(code: string, text: string): string {
  return `RESOURCE_EXHAUSTED ${code} ${JSON.stringify(`${text} (maxMessageBytes)`)}`;
}
