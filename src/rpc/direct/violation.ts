/** Every way in which a peer can break the protocol, with the code that GOAWAY carries. A violation ends the connection. */
export const violations = {
  UNKNOWN_FRAME: 1,
  BAD_FLAGS: 2,
  FRAME_TOO_LARGE: 3,
  BAD_PAYLOAD: 4,
  UNEXPECTED_FRAME: 5,
  HELLO_MISSING: 6,
  BAD_HELLO: 7,
  UNSUPPORTED_VERSION: 8,
  BAD_STREAM_ID: 9,
  TOO_MANY_STREAMS: 10,
  BAD_METHOD: 11,
  BAD_SEQUENCE: 12,
  BAD_METADATA: 13,
  METADATA_TOO_LARGE: 14,
  DATA_AFTER_END: 15,
  CREDIT_EXCEEDED: 16,
  CREDIT_OVERFLOW: 17,
  BAD_STATUS: 18,
  TOO_MUCH_NOISE: 19,
  SILENT_PEER: 20,
  /** Not the receiver's fault: the sender of GOAWAY has failed. */
  INTERNAL_ERROR: 21,
} as const;

export type ViolationName = keyof typeof violations;

/** GOAWAY with this code is no reproach: the sender is about to leave. */
export const noViolation = 0;

/** Thrown by whatever reads frames; the connection turns it into GOAWAY, a log record and the end. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  readonly violation: ViolationName;

  constructor(violation: ViolationName, message: string) {
    super(message);
    this.violation = violation;
  }
}

/** The name of a code received in GOAWAY. */
export function violationName(code: number): ViolationName | undefined {
  return (Object.keys(violations) as ViolationName[]).find((name) => violations[name] === code);
}
