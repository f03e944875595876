import fc from "fast-check";
import { Status } from "../../../src/status.js";
import {
  type CallPlan,
  type Ending,
  type Entry,
  type Kind,
  type Limits,
  type Program,
  type Reader,
  receivesOne,
  type Step,
  sendsOne,
  writesOf,
} from "./program.js";

const mebibyte = 1024 * 1024;

/** Around every boundary there is: frames, chunks, windows, copying, the limits. Large ones are rare, they take long. */
const size = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom(0, 1, 3, 100, 1_000) },
  { weight: 6, arbitrary: near(2 * 1024, 8 * 1024, 16 * 1024) },
  { weight: 6, arbitrary: near(64 * 1024) },
  { weight: 3, arbitrary: near(128 * 1024, 256 * 1024) },
  { weight: 2, arbitrary: near(mebibyte) },
  { weight: 1, arbitrary: near(4 * mebibyte) },
);

function near(...centers: readonly number[]): fc.Arbitrary<number> {
  return fc.constantFrom(...centers.flatMap((center) => [center - 1, center, center + 1]));
}

const limits = fc.constantFrom<Limits>(
  { client: 4 * mebibyte, server: 4 * mebibyte },
  { client: 4 * mebibyte, server: mebibyte },
  { client: mebibyte, server: 4 * mebibyte },
);

const name = fc.stringMatching(/^[a-z0-9_.-]{0,6}$/);
const text = fc.stringMatching(/^[\x20-\x7e]{0,30}$/).map((value) => value.trim());
const textEntry = fc
  .tuple(name, text)
  .filter(([key]) => !`x-${key}`.endsWith("-bin"))
  .map(([key, value]): Entry => [`x-${key}`, value]);
const binaryEntry = fc
  .tuple(name, fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 2_000, maxLength: 2_000 })))
  .map(([key, value]): Entry => [`x-${key}-bin`, value]);
const entries = fc.array(fc.oneof(textEntry, binaryEntry), { maxLength: 4 });

const status = fc.constantFrom(
  ...Object.values(Status).filter((value): value is Exclude<Status, 0> => value !== Status.OK),
);
const message = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "",
    " ",
    "100 %",
    "%41%",
    "two\nlines\r\n",
    "\0\x7f",
    "snow ☃ man",
    "\ud800 alone",
    "x".repeat(4_000),
  ),
);
const ending = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Ending>({ by: "success" }) },
  { weight: 4, arbitrary: fc.record({ by: fc.constant("status" as const), status, message }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Ending>(
      ...(["accident", "cancel", "deadline", "leaving", "broken requests"] as const).map((by) => ({ by })),
    ),
  },
);

const step = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>({ step: "header" }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("read" as const), count: fc.constantFrom(1, 2, 99) }) },
  { weight: 5, arbitrary: fc.record({ step: fc.constant("write" as const), bytes: size }) },
  { weight: 2, arbitrary: fc.constant<Step>({ step: "confirm" }) },
);

const reader = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Reader>({ reads: "eagerly" }) },
  { weight: 1, arbitrary: fc.constant<Reader>({ reads: "afterwards" }) },
  { weight: 1, arbitrary: fc.record({ reads: fc.nat({ max: 3 }) }) },
);

const call = fc.record<CallPlan>({
  kind: fc.constantFrom<Kind>("unary", "server", "client", "bidi"),
  requests: fc.array(size, { maxLength: 5 }),
  metadata: entries,
  header: entries,
  trailer: entries,
  steps: fc.array(step, { maxLength: 8 }),
  ending,
  reader,
});

/** Random programs in which both sides can play their part. */
export const arbitraryProgram: fc.Arbitrary<Program> = fc
  .record({ limits, fresh: fc.boolean(), calls: fc.array(call, { minLength: 1, maxLength: 6 }) })
  .map((program) => ({ ...program, calls: program.calls.map((plan) => playable(plan, program.limits)) }));

/** Takes away what contradicts itself, would wait for ever, or has an end that nobody can foresee. */
function playable(plan: CallPlan, { server, client }: Limits): CallPlan {
  let { requests, steps, ending, reader } = plan;
  if (sendsOne(plan)) {
    requests = [requests[0] ?? 10];
    // The one request is read before the handler begins.
    steps = steps.filter((each) => each.step !== "read");
  }
  if (ending.by === "broken requests" && sendsOne(plan)) ending = { by: "success" };
  if (receivesOne(plan)) {
    reader = { reads: "eagerly" };
    if (ending.by === "leaving") ending = { by: "cancel" };
    // The one response is the end of the handler.
    const response = { step: "write", bytes: writesOf(plan)[0] ?? 10 } as const;
    steps = steps.filter((each) => each.step === "header" || each.step === "read");
    if (ending.by === "success") steps = [...steps, response];
  } else if (typeof reader.reads === "number" || ending.by === "leaving") {
    const writes = writesOf({ ...plan, steps });
    const reads = Math.min(typeof reader.reads === "number" ? reader.reads : 0, writes.length);
    reader = { reads };
    ending = { by: "leaving" };
    steps = steps.filter((each) => each.step !== "confirm");
  }
  const most = Math.min(client, server);
  const refusedAt = requests.findIndex((bytes) => bytes > most);
  const refused = refusedAt >= 0;
  const large = steps.findIndex((each) => each.step === "write" && each.bytes > most);
  if (ending.by === "leaving" || ending.by === "broken requests" || ending.by === "deadline") {
    // Or it would depend on who is faster whether the size of a message ends the call.
    steps = steps.map((each) => (each.step === "write" ? { ...each, bytes: Math.min(each.bytes, most) } : each));
  } else if (large >= 0) {
    steps = steps.slice(0, large + 1);
    ending = { by: "success" };
  }
  // A request that nobody reads would keep the client from asking for the next.
  if (ending.by === "broken requests") steps = [...steps, { step: "read", count: 99 }];
  // The handler of a single request never begins then, so nobody can wait for its end.
  if (refused && sendsOne(plan)) reader = { reads: "eagerly" };
  if (refused && !sendsOne(plan)) {
    // Otherwise it would depend on who is faster whether the handler ends before the request is refused.
    requests = requests.slice(0, refusedAt + 1);
    steps = [{ step: "read", count: 99 }];
    reader = { reads: "eagerly" };
    ending = { by: "success" };
    if (receivesOne(plan)) steps = [...steps, { step: "write", bytes: 10 }];
  }
  if (reader.reads === "afterwards") {
    const total = writesOf({ ...plan, steps }).reduce((sum, bytes) => sum + bytes, 0);
    const waits = steps.some((each) => each.step === "confirm") || ending.by === "cancel" || ending.by === "deadline";
    // More than the smaller window of the two transports holds has to be read before the handler can end.
    if (waits || ending.by === "broken requests" || total > 48 * 1024) reader = { reads: "eagerly" };
  }
  return { ...plan, requests, steps, ending, reader };
}
