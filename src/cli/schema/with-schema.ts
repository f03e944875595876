import { CommandLineError } from "../../command-line/arguments.js";
import { type ConnectionOptions, openChannel, timeoutOf } from "../connection-options.js";
import { Reflection } from "./ask-reflection.js";
import { openSchema, type SchemaOptions } from "./open-schema.js";
import { ReflectedSchema } from "./reflected-schema.js";
import type { Schema } from "./schema.js";

export interface SchemaRequest {
  /** `[TARGET] [NAME]`: a target is told from a name by how it begins. */
  readonly operands: readonly string[];
  readonly options: ConnectionOptions & SchemaOptions;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Reads a schema, from files or from a server, and does something with it.
 *
 * @throws CommandLineError, ConfigError, RpcError
 */
export async function withSchema<T>(
  { operands, options, env }: SchemaRequest,
  use: (schema: Schema, name: string | undefined) => Promise<T>,
): Promise<T> {
  const [target, name] = splitTarget(operands);
  const given = await openSchema(options, env);
  if (given !== undefined) return use(given, name);
  if (target === undefined) {
    throw new CommandLineError(
      "there is no schema",
      "give a TARGET (unix:/path or npipe:name), --proto DIR or --descriptor FILE",
    );
  }
  await using channel = await openChannel(target, options);
  return await use(new ReflectedSchema(new Reflection(channel, timeoutOf(options))), name);
}

function splitTarget(operands: readonly string[]): [target: string | undefined, name: string | undefined] {
  const [first, second] = operands;
  if (first !== undefined && /^(unix|npipe):/.test(first)) return [first, second];
  if (second !== undefined) {
    throw new CommandLineError(`${JSON.stringify(first)} is not a target`, "write unix:/absolute/path or npipe:name");
  }
  return [undefined, first];
}
