/** Milliseconds by unit (gRPC over HTTP/2, "Timeout"). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * A `grpc-timeout` in milliseconds: at most eight digits and a unit, nothing before, between or after. NaN for anything else;
 * undefined when there is none.
 */
export function parseGrpcTimeout(value: string | readonly string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  const match = typeof value === "string" ? /^(\d{1,8})([HMSmun])$/.exec(value) : null;
  return match === null ? Number.NaN : Number(match[1]) * (units[match[2] as string] as number);
}
