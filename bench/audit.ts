// How fast records go into an audit log, and that its memory does not grow with them: npm run bench:audit [-- RECORDS]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuditLog } from "../src/audit/open-audit-log.js";
import { verifyAuditLog } from "../src/audit/verify-audit-log.js";

const records = Number(process.argv[2] ?? 1_000_000);
const atOnce = 64;

const base = await mkdtemp(join(tmpdir(), "pinwire-audit-"));
const place = { directory: join(base, "log"), keyFile: join(base, "key.pem"), anchorFile: join(base, "anchor.json") };
try {
  const log = await openAuditLog(place);
  const began = performance.now();
  for (let done = 0; done < records; done += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, (_, lane) => log.append(callRecord(done + lane))));
    if (done % (records / 10) < atOnce) report(done, began);
  }
  await log.close();
  report(records, began);
  const read = performance.now();
  const { ok, segments } = await verifyAuditLog(place.directory, place);
  const seconds = (performance.now() - read) / 1_000;
  console.log(`verified: ${ok}, ${segments} segments in ${seconds.toFixed(1)} s; ${memory()}`);
} finally {
  await rm(base, { recursive: true, force: true });
}

function callRecord(n: number) {
  return {
    type: "call.end",
    begin: n,
    peer: "spiffe://bench.test/client",
    pin: "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    method: "/pinwire.bench.v1.BenchService/Echo",
    connection: "0f1e2d3c4b5a",
    protocol: "pinwire/1",
    status: "OK",
    durationMs: 0.123,
  };
}

function report(done: number, began: number): void {
  const perSecond = Math.round(done / ((performance.now() - began) / 1_000));
  console.log(`${String(done).padStart(9)} records, ${perSecond} a second, ${memory()}`);
}

function memory(): string {
  return `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB resident`;
}
