import { existsSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { DescFile } from "@bufbuild/protobuf";
import { ConfigError } from "../../errors.js";
import { readDescriptorFile } from "./descriptor-file.js";
import { compileWithBuf } from "./proto-directory.js";

/**
 * The files of a schema that are named by paths: a `.proto` itself, without what it imports; of a file of descriptors all.
 *
 * @throws ConfigError ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_MALFORMED, ERR_SCHEMA_INCOMPLETE, ERR_TOOL_MISSING,
 * ERR_PROTO_INVALID
 */
export async function openSchemaFiles(paths: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly DescFile[]> {
  const protos = paths.filter((path) => path.endsWith(".proto"));
  const sets = paths.filter((path) => !path.endsWith(".proto"));
  const schemas = await Promise.all(sets.map((path) => readDescriptorFile(path)));
  const files = [...(await compiled(protos, env)), ...schemas.flatMap(({ registry }) => [...registry.files])];
  // The same file may be named twice, or be part of two sets.
  return [...new Map(files.map((file) => [file.proto.name, file])).values()];
}

async function compiled(paths: readonly string[], env: NodeJS.ProcessEnv): Promise<DescFile[]> {
  if (paths.length === 0) return [];
  for (const path of paths) {
    if (!existsSync(path)) throw new ConfigError("ERR_FILE_MISSING", `${path} does not exist`, "check the path");
  }
  const input = [".", ...paths.flatMap((path) => ["--path", path])];
  const { registry } = await compileWithBuf(input, paths.join(", "), env);
  return paths.flatMap((path) => nearest([...registry.files], path));
}

/** Of the files whose name the path ends with the one with the longest: `a/b.proto` may also be the `b.proto` of a module `a`. */
function nearest(files: readonly DescFile[], path: string): DescFile[] {
  const whole = resolve(path).split(sep).join("/");
  const fitting = files.filter(({ proto }) => whole.endsWith(`/${proto.name}`));
  return fitting.sort((a, b) => b.proto.name.length - a.proto.name.length).slice(0, 1);
}
