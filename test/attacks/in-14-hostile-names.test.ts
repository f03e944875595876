// IN-14: control characters, escapes of terminals, line separators, marks that turn the direction of writing and lone
// surrogates, in everything that a peer can name: each record is one line of valid JSON that shows them, and nothing more.
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { connect as connectTls } from "node:tls";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { goAway, open, type } from "../../scripts/direct-frames.js";
import { escapeControls } from "../../src/escape-controls.js";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import type { Anomaly } from "../../src/interceptors/anomaly.js";
import { allow, deny, shadow } from "../../src/interceptors/policy.js";
import { AuditPlace } from "../helpers/audit-place.js";
import { methods, request } from "../helpers/direct-attack.js";
import { GreeterPair, testTransport } from "../helpers/greeter-pair.js";
import { clientId } from "../helpers/identities.js";
import { mintLeaf } from "../helpers/mint.js";
import { pinwire } from "../helpers/pinwire.js";
import { RawDirectPeer } from "../helpers/raw-direct-peer.js";
import { framed, RawH2Client } from "../helpers/raw-h2-client.js";

/** A terminal's escape, its one-byte form, ends of lines, a turn of direction, what nobody sees, and half a character. */
const hostile = '\u001b[31m\u009b31m\r\n\u0085\u2028\u2029\u202e\u200b\ufeff\u{e0041}\ud800{"forged":1}';
/** What of that HTTP/2 and metadata can carry: bytes. */
const hostileBytes = "\u009b31m\u0085\u00ad";

/** Lines as they arrive in a file or a terminal. */
class Lines {
  text = "";
  readonly logger = pino(
    { level: "debug" },
    new Writable({
      write: (chunk, _, done) => {
        this.text += String(chunk);
        done();
      },
    }),
  );

  /** The records; each was a line of JSON of which a terminal shows each character. */
  get records(): Record<string, unknown>[] {
    const lines = this.text.split("\n").slice(0, -1);
    for (const line of lines) {
      expect(escapeControls(line)).toBe(line);
      expect(line.isWellFormed()).toBe(true);
    }
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

describe("IN-14: what a peer can name", () => {
  it("is one line of JSON in the log and the audit log, and raw nowhere", async () => {
    const lines = new Lines();
    const place = new AuditPlace();
    const audit = await place.open();
    const anomalies: Anomaly[] = [];
    const pair = await GreeterPair.start({
      server: {
        logger: lines.logger,
        audit,
        auditLevel: "all",
        logMetadata: ["x-request-id", "user-agent"],
        logPayloads: [GreeterService],
        policy: [allow(GreeterService, clientId), shadow(deny(GreeterService, clientId))],
        onAnomaly: (anomaly) => anomalies.push(anomaly),
      },
    });
    const leaf = pair.world.leaf(clientId);
    const socketPath = pair.target.slice("unix:".length);
    await pair.client.sayHello({ name: hostile });
    if (testTransport === "direct") {
      const peer = await RawDirectPeer.connect(socketPath, leaf);
      await peer.greet();
      for (let n = 0; n < 6; n++) {
        peer.send(open(2 * n + 1, { method: `/${hostileBytes}.B/${hostile}`, sequence: n + 1 }));
        await peer.next(type.end);
      }
      peer.send(goAway(0, 4, hostile));
      await peer.closed;
    } else {
      const raw = await RawH2Client.of(pair);
      const latin1 = (text: string) => Buffer.from(text, "latin1").toString("latin1");
      const headers = { "x-request-id": latin1(hostileBytes), "user-agent": latin1(hostileBytes) };
      for (let n = 0; n < 6; n++) {
        await raw.call({ ":path": `/a.B/${latin1(hostileBytes)}`, ...headers }, framed(request()));
      }
      await raw.call({ ":path": methods.sayHello, ...headers }, framed(request()));
      await raw.call({ ":path": methods.sayHello, "content-type": `text/${latin1(hostileBytes)}` }, framed(request()));
    }
    // Claimed in a certificate that is refused.
    for (const id of [`spiffe://local.test/${hostileBytes}`, "spiffe://local.test/\u001b[31m\r\n"]) {
      const { pem: cert, keyPem: key } = mintLeaf(pair.world.ca, { names: [{ kind: "uri", value: id }] } as never);
      const visitor = connectTls({ path: socketPath, cert, key, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
      visitor.on("error", () => {}).resume();
      await new Promise<void>((resolve) => visitor.once("close", () => resolve()));
    }
    await pair.server.close();
    await audit.close();

    const events = new Set(lines.records.map(({ event }) => event));
    expect([...events].sort()).toEqual(
      ["anomaly", "call", "connection closed", "connection opened", "connection refused", "message", "policy shadow"]
        .concat(testTransport === "direct" ? ["protocol violation reported"] : ["request refused"])
        .sort(),
    );
    expect(anomalies.map(({ kind }) => kind)).toContain("method-probing");
    for (const segment of place.segments) expect(readFileSync(segment, "latin1")).toMatch(/^[\n\x20-\x7e]*$/);
    expect(place.records.some(({ method }) => String(method).includes("\u009b31m"))).toBe(true);
    for (const words of [["show"], ["show", "--json"], ["tail"], ["export"], ["export", "--format", "csv"]]) {
      const [command = "", ...more] = words;
      const { stdout } = await pinwire(["audit", command, place.directory, ...more]);
      const printed = stdout.split("\n").slice(0, -1);
      for (const line of printed) expect(escapeControls(line)).toBe(line);
      const head = words.includes("csv") ? 1 : 0;
      if (command !== "tail") expect(printed).toHaveLength(place.records.length + head);
    }
  });
});
