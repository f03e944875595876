import { contain } from "../rpc/contain.js";
import { scrubFields } from "./scrub.js";

/** Where records go. Every pino-compatible logger fits: fields first, then a constant message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Spares the building of records nobody wants. Taken as "yes" when absent. */
  isLevelEnabled?(level: string): boolean;
}

/** A logger that fails must not decide about calls and connections; nor does it see what looks like a secret. */
export function safely(logger: Logger): Logger {
  const write = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) => {
    // See above. There is nowhere left to say so.
    contain(
      () => logger[level](scrubFields(fields), message),
      () => {},
    );
  };
  const isLevelEnabled = (level: string): boolean => {
    try {
      return logger.isLevelEnabled?.(level) ?? true;
    } catch {
      return true;
    }
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), isLevelEnabled };
}

/** No logger was given: warnings and errors go to standard error by pino, which is loaded with the first of them. */
export function defaultLogger(): Logger {
  let loading: Promise<Logger> | undefined;
  const write = (level: "warn" | "error") => (fields: object, message: string) => {
    loading ??= import("./pino-logger.js").then(({ pinoLogger }) => pinoLogger());
    // Should it not load, or not write, calls and connections go on.
    loading.then((logger) => logger[level](fields, message)).catch(() => {});
  };
  return {
    debug: () => {},
    info: () => {},
    warn: write("warn"),
    error: write("error"),
    isLevelEnabled: (level) => level === "warn" || level === "error",
  };
}
