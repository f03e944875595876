import { ConfigError } from "../errors.js";

/**
 * Waits for what reads a file or directory; when it is not there, the error says how this one is made.
 *
 * @throws ERR_FILE_MISSING with that hint, and whatever else the reading throws
 */
export async function whenMissing<T>(howToMake: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== "ERR_FILE_MISSING") throw error;
    throw new ConfigError(error.code, error.problem, howToMake, { cause: error.cause });
  }
}
