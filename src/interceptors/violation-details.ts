import { pathToString } from "@bufbuild/protobuf/reflect";
import type { Violation } from "@bufbuild/protovalidate";
import type { ErrorDetail } from "../error-detail.js";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb.js";
import { errorDetail } from "../rpc/error-detail.js";

/** A path may hold keys of maps and a description whatever a rule puts together, both from the request. */
const longestText = 200;

/** Details that do not fit are not sent at all (`rpc/status-details.ts`), so these are kept small enough. */
const mostBytes = 3 * 1024;

/** What the caller is told: the first violation in words, and as many as fit as a `google.rpc.BadRequest`. */
export function badRequest(violations: readonly Violation[]): { summary: string; detail: ErrorDetail } {
  const all = violations.map(({ field, message, ruleId }) => ({
    field: shortened(pathToString(field)),
    description: shortened(message),
    reason: shortened(ruleId),
  }));
  let room = mostBytes;
  const fitting = all.filter(({ field, description, reason }) => {
    room -= Buffer.byteLength(field + description + reason) + framingBytes;
    return room >= 0;
  });
  return { summary: summaryOf(all), detail: errorDetail(BadRequestSchema, { fieldViolations: fitting }) };
}

/** Keys and lengths of the fields of a violation, at most. */
const framingBytes = 16;

function summaryOf([first, ...others]: readonly { field: string; description: string }[]): string {
  const where = first?.field === "" ? "the request" : first?.field;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `the request is not valid: ${where}: ${first?.description}${more}`;
}

function shortened(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`.toWellFormed();
}
