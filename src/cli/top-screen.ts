import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { GetStatsResponse, MethodStats } from "../gen/pinwire/admin/v1/admin_pb.js";

/** Of a table: the busiest. */
const mostRows = 20;

/** What `pinwire top` shows. Rates are those since the answer before, or since the start of the server. */
export function topScreen(stats: GetStatsResponse, last: GetStatsResponse | undefined): string[] {
  // A server that was started again counts from 0.
  const before = last !== undefined && msOf(last.started) === msOf(stats.started) ? last : undefined;
  const seconds = Math.max(0.001, (msOf(stats.now) - msOf(before?.now ?? stats.started)) / 1_000);
  const earlier = new Map(before?.methods.map((each) => [each.method, each]));
  const rate = (each: MethodStats) => (Number(each.calls) - Number(earlier.get(each.method)?.calls ?? 0)) / seconds;
  const methods = [...stats.methods].sort((a, b) => rate(b) - rate(a));
  const { open = 0n, accepted = 0n, refused = {} } = stats.connections ?? {};
  return [
    `up ${span(msOf(stats.now) - msOf(stats.started))}   connections ${open} open, ${accepted} so far   ` +
      `calls ${stats.callsUnderWay} under way   certificate ${span(msOf(stats.certificateExpires) - msOf(stats.now))} left` +
      (stats.auditFailing === true ? "   AUDIT LOG FAILING" : ""),
    "",
    ...table(
      ["calls/s", "calls", "failed", "p50 ms", "p99 ms", "max ms", "method"],
      methods
        .slice(0, mostRows)
        .map((each) => [
          rate(each).toFixed(1),
          String(each.calls),
          String(each.calls - (each.byStatus.OK ?? 0n)),
          ms(each.latency?.p50),
          ms(each.latency?.p99),
          ms(each.latency?.max),
          each.method,
        ]),
    ),
    "",
    ...table(
      ["connections", "calls", "refused", "peer"],
      [...stats.peers]
        .sort((a, b) => Number(b.calls - a.calls))
        .slice(0, mostRows)
        .map(({ connections, calls, refused, peer }) => [String(connections), String(calls), String(refused), peer]),
    ),
    ...counts("refused calls", stats.refusedCalls),
    ...counts("refused connections", refused),
    ...counts("anomalies", stats.anomalies),
  ];
}

function counts(title: string, byName: Readonly<Record<string, bigint>>): string[] {
  const entries = Object.entries(byName).sort(([, a], [, b]) => Number(b - a));
  return entries.length === 0 ? [] : ["", `${title}: ${entries.map(([name, count]) => `${name} ${count}`).join(", ")}`];
}

/** Figures to the right, the last column to the left. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column] ?? 0))).join("  "),
  );
}

function ms(seconds: number | undefined): string {
  return ((seconds ?? 0) * 1_000).toFixed(2);
}

function msOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : timestampMs(time);
}

function span(milliseconds: number): string {
  const minutes = Math.floor(Math.max(0, milliseconds) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, milliseconds) / 1_000)}s`;
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h${minutes % 60}m` : `${Math.floor(hours / 24)}d`;
}
