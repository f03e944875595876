/**
 * Exit codes are statuses of gRPC, 0 to 16: what failed for a coded reason ends with the status of that reason. What has
 * no status takes the numbers of sysexits.h, which are out of their way.
 */
export const exitCode = {
  ok: 0,
  /** The command line is not understood (EX_USAGE). */
  usage: 64,
  /** A bug of ours (EX_SOFTWARE). */
  bug: 70,
} as const;
