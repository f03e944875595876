import type { RequestOf, Usage } from "./protocol.js";

export function usage({ collect = false }: RequestOf<"usage">): Usage {
  // There with --expose-gc.
  if (collect) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return { cpuMicroseconds: user + system, residentBytes: process.memoryUsage.rss() };
}
