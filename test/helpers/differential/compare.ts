import type { Expectation, Field } from "./expectation.js";
import type { Observed } from "./perform.js";
import type { CallPlan } from "./program.js";
import { type Seen, shown } from "./run.js";

/** Whether what is observed fits; the text says what does not. */
export function contradictions(
  expected: Expectation,
  observed: Observed,
  seen: Seen | undefined,
  plan: CallPlan,
): string[] {
  const found: string[] = [];
  const check = (what: string, fits: boolean, value: unknown) => {
    if (!fits) found.push(`${what}: ${JSON.stringify(value)?.slice(0, 500)}`);
  };
  check("outcome", observed.outcome === expected.outcome, observed.outcome);
  check("messages", fitsList(expected.messages, observed.messages), observed.messages);
  check("header", fitsMaybe(expected.header, observed.header), observed.header);
  check("trailer", fitsMaybe(expected.trailer, observed.trailer), observed.trailer);
  if (expected.seen === undefined || seen === undefined) {
    check("handler", seen === undefined && expected.seen?.certain !== true, seen);
    return found;
  }
  check("request metadata", same(seen.metadata, shown(plan.metadata)), seen.metadata);
  check("requests", fitsList(expected.seen.requests, seen.requests), seen.requests);
  check("abort", expected.seen.aborted.includes(seen.aborted), seen.aborted);
  return found;
}

/** What must be the same on both transports, to the letter. */
export function comparable(expectations: readonly Expectation[], observed: Observed): unknown {
  // Who refuses a message that is too large is not the same on both: there a side knows what the other takes, here not.
  const [first] = expectations;
  if (expectations.some(({ outcome }) => outcome !== first?.outcome)) return observed.outcome.split(" ", 1);
  const certain = (field: "messages" | "header" | "trailer") =>
    expectations.every((expected) => expected[field].certain) ? observed[field] : "either way";
  const [messages, header, trailer] = [certain("messages"), certain("header"), certain("trailer")];
  return { outcome: observed.outcome, messages, header, trailer };
}

function fitsList({ value, certain }: Field<readonly string[]>, list: readonly string[]): boolean {
  return same(list, certain ? value : value.slice(0, list.length));
}

function fitsMaybe(
  { value, certain }: Field<readonly string[] | undefined>,
  list: readonly string[] | undefined,
): boolean {
  return same(list, value) || (!certain && (list === undefined || list.length === 0));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
