import { performance } from "node:perf_hooks";
import { create, type DescMethod, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  DescribeMethodRequestSchema,
  type DescribeMethodResponse,
  DescribeMethodResponseSchema,
  SchemaService,
} from "../../gen/pinwire/direct/v1/schema_pb.js";
import { Status } from "../../status.js";
import { recursionLimit } from "../codec.js";
import { Metadata } from "../metadata.js";
import { methodName, methodPath } from "../method-path.js";
import { incompatibilities } from "../schema/incompatibilities.js";
import { methodShape } from "../schema/method-shape.js";
import type { Outcome } from "../transport.js";
import type { DirectClientLink } from "./direct-client-link.js";
import { schemaFingerprint } from "./schema-fingerprint.js";

/** How a call ends whose method the two ends do not mean alike; undefined when it may go on. */
export type SchemaVerdict = Outcome | undefined;

/** What an answer may take; the calls that wait for it have deadlines of their own. */
const timeoutMs = 5_000;

const describePath = methodPath(SchemaService.method.describeMethod);

/**
 * Whether the server of a connection means the same messages as this client does. Fingerprints that agree are looked at
 * once for each method. Where they differ, the server is asked once what its messages look like; docs/schema-drift.md.
 */
export class SchemaChecks {
  readonly #link: DirectClientLink;
  readonly #agreed = new Set<DescMethod>();
  readonly #verdicts = new Map<DescMethod, Promise<SchemaVerdict>>();

  constructor(link: DirectClientLink) {
    this.#link = link;
  }

  /** Whether calls of a method may begin without further ado. */
  agrees(method: DescMethod): boolean {
    if (this.#agreed.has(method)) return true;
    if (this.#verdicts.has(method)) return false;
    const theirs = this.#link.fingerprintOf(methodPath(method));
    // A server that says nothing, or only that this client may not call the method, has nothing to compare with.
    if (theirs?.length === fingerprintBytes && !schemaFingerprint(method).equals(theirs)) return false;
    this.#agreed.add(method);
    return true;
  }

  verdict(method: DescMethod): Promise<SchemaVerdict> {
    let verdict = this.#verdicts.get(method);
    if (verdict === undefined) {
      verdict = this.#ask(method);
      this.#verdicts.set(method, verdict);
    }
    return verdict;
  }

  async #ask(method: DescMethod): Promise<SchemaVerdict> {
    const { outcome, shape } = await this.#describe(methodPath(method));
    if (ended.has(outcome.status)) {
      // It says nothing about the method; the next call asks again.
      this.#verdicts.delete(method);
      return outcome;
    }
    const differences = shape === undefined ? [] : incompatibilities(methodShape(method), shape);
    if (differences.length > 0) return drift(method, differences);
    this.#agreed.add(method);
    return undefined;
  }

  #describe(path: string): Promise<{ outcome: Outcome; shape?: DescribeMethodResponse | undefined }> {
    return new Promise((resolve) => {
      let shape: DescribeMethodResponse | undefined;
      const request = { path: describePath, timeoutMs, deadlineAt: performance.now() + timeoutMs };
      const stream = this.#link.open(
        { ...request, metadata: new Metadata(), waitForReady: false },
        {
          onHeader: () => {},
          onMessage: (bytes) => {
            shape = decoded(bytes);
            stream.read();
          },
          onEnd: (outcome) => resolve({ outcome, shape: outcome.status === Status.OK ? shape : undefined }),
        },
      );
      stream.read();
      void stream.write(toBinary(DescribeMethodRequestSchema, create(DescribeMethodRequestSchema, { path })), true);
    });
  }
}

const fingerprintBytes = 8;

/** The connection, or its server, was in no state to answer. */
const ended: ReadonlySet<Status> = new Set([Status.CANCELLED, Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE]);

/** A server that cannot say what its messages look like is taken for one that does not compare. */
function decoded(bytes: Uint8Array): DescribeMethodResponse | undefined {
  try {
    return fromBinary(DescribeMethodResponseSchema, bytes, { readUnknownFields: false, recursionLimit });
  } catch {
    return undefined;
  }
}

const mostShown = 3;

function drift(method: DescMethod, differences: readonly string[]): Outcome {
  const shown = differences.slice(0, mostShown).join("; ");
  const more = differences.length > mostShown ? `; and ${differences.length - mostShown} more` : "";
  return {
    status: Status.FAILED_PRECONDITION,
    message: `${methodName(method)}: ${shown}${more}`,
    code: "ERR_SCHEMA_DRIFT",
  };
}
