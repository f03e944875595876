import { type Metric, metricNames, metrics } from "./metrics.js";
import type { Result } from "./run-case.js";

/** One table per metric: a row for each case, a column for each subject, with the ratio to the baseline. */
export function renderTables(results: readonly Result[], subjects: readonly string[], baseline: string): string {
  return metricNames.flatMap((metric) => renderTable(results, subjects, baseline, metric) ?? []).join("\n\n");
}

function renderTable(
  results: readonly Result[],
  subjects: readonly string[],
  baseline: string,
  metric: Metric,
): string | undefined {
  const cases = distinctCases(results.filter((result) => metric in result));
  if (cases.length === 0) return undefined;
  const { title, better } = metrics[metric];
  const rows = cases.map((name) => {
    const values = new Map(results.filter((result) => result.case === name).map((result) => [result.subject, result]));
    const reference = metricOf(values.get(baseline), metric);
    return [
      name,
      ...subjects.map((subject) => cell(values.get(subject), metric, subject === baseline ? undefined : reference)),
    ];
  });
  return align([[`${title} (${better} is better)`, ...subjects], ...rows]);
}

function distinctCases(results: readonly Result[]): string[] {
  return [...new Set(results.map((result) => result.case))];
}

function metricOf(result: Result | undefined, metric: Metric): number | undefined {
  return result === undefined || "error" in result ? undefined : result[metric];
}

function cell(result: Result | undefined, metric: Metric, reference: number | undefined): string {
  if (result !== undefined && "error" in result) return "failed";
  const value = metricOf(result, metric);
  if (value === undefined) return "-";
  const { digits } = metrics[metric];
  const text = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return reference === undefined ? `${text}        ` : `${text} ${ratio(value / reference).padStart(7)}`;
}

function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)}x`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ");
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(line)].join("\n");
}
