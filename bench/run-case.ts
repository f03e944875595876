import type { Case, Effort } from "./cases/case.js";
import type { Contender } from "./contender.js";
import { type Measurement, metricNames } from "./metrics.js";
import { median } from "./statistics.js";

/** What came out for one subject in one case: metrics, or why there are none. */
export type Result = { readonly subject: string; readonly case: string } & (Measurement | { readonly error: string });

/** Measures all subjects in turn, round after round, so that what disturbs the machine disturbs them alike. */
export async function runCase(each: Case, contenders: readonly Contender[], effort: Effort): Promise<Result[]> {
  const samples = new Map<Contender, Measurement[]>(contenders.map((contender) => [contender, []]));
  const errors = new Map<Contender, string>();
  const visit = async (contender: Contender, seconds: number, keep: boolean) => {
    if (errors.has(contender)) return;
    try {
      const measurement = await each.measure(contender, { ...effort, seconds });
      if (keep && measurement !== undefined) samples.get(contender)?.push(measurement);
    } catch (error) {
      errors.set(contender, error instanceof Error ? error.message : String(error));
    }
  };
  if (!each.fresh) for (const contender of contenders) await visit(contender, effort.seconds / 2, false);
  const rounds = each.fresh ? effort.freshRounds : effort.rounds;
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of rotated(contenders, round)) await visit(contender, effort.seconds, true);
  }
  return contenders.flatMap((contender): Result[] => {
    const error = errors.get(contender);
    const measurements = samples.get(contender) ?? [];
    if (error !== undefined) return [{ subject: contender.name, case: each.name, error }];
    if (measurements.length === 0) return [];
    return [{ subject: contender.name, case: each.name, ...medians(measurements) }];
  });
}

/** Nobody is always the first, nor always after the same one's garbage. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % Math.max(1, items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

function medians(measurements: readonly Measurement[]): Measurement {
  const measured = metricNames.filter((metric) => measurements[0]?.[metric] !== undefined);
  return Object.fromEntries(
    measured.map((metric) => [metric, median(measurements.map((measurement) => measurement[metric] ?? Number.NaN))]),
  );
}
