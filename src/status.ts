/**
 * The status codes of gRPC, by their standard names and numbers
 * (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
 *
 * It sits below `errors.ts` because every error names the status it turns into.
 */
export const Status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof Status;
export type Status = (typeof Status)[StatusName];

const names = Object.keys(Status) as StatusName[];

/** The name of a status code, for example `"NOT_FOUND"` for 5. A number that is no status is `"UNKNOWN"`. */
export function statusName(status: number): StatusName {
  return names[status] ?? "UNKNOWN";
}

/**
 * The status for a number received from a peer. Anything but 0 to 16 becomes `UNKNOWN`, as the gRPC specification
 * demands of a client.
 */
export function statusFromNumber(value: number): Status {
  return Number.isInteger(value) && value >= 0 && value < names.length ? (value as Status) : Status.UNKNOWN;
}
