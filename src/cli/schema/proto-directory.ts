import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { ConfigError } from "../../errors.js";
import { fileError } from "../../files/file-error.js";
import { type FileSchema, parseDescriptorSet } from "./file-schema.js";
import { findTool } from "./find-tool.js";

/** As long as it may take to compile any schema; a buf that waits for something must not make us wait for ever. */
const compileTimeoutMs = 60_000;
const maxSchemaBytes = 256 * 1024 * 1024;

/**
 * Compiles the `.proto` files of a directory with buf. A `buf.yaml` in it or above it counts.
 *
 * @throws ConfigError ERR_FILE_MISSING, ERR_TOOL_MISSING, ERR_PROTO_INVALID
 */
export async function compileProtoDirectory(dir: string, env: NodeJS.ProcessEnv): Promise<FileSchema> {
  await assertDirectory(dir);
  return compileWithBuf([dir], dir, env);
}

/**
 * Compiles what the arguments of `buf build` name.
 *
 * @param what it is, for messages
 * @throws ConfigError ERR_TOOL_MISSING, ERR_PROTO_INVALID
 */
export async function compileWithBuf(
  input: readonly string[],
  what: string,
  env: NodeJS.ProcessEnv,
): Promise<FileSchema> {
  const buf = findTool("buf", env);
  if (buf === undefined) {
    throw new ConfigError(
      "ERR_TOOL_MISSING",
      "buf, which compiles .proto files, is not installed",
      "npm install --save-dev @bufbuild/buf, or compile elsewhere and pass --descriptor FILE",
    );
  }
  const args = ["build", ...input, "--as-file-descriptor-set", "--output", "-#format=binpb"];
  return parseDescriptorSet(await run(buf, args, what, env), what);
}

async function assertDirectory(dir: string): Promise<void> {
  const found = await stat(dir).catch((error: unknown) => {
    throw fileError("read", dir, error);
  });
  if (found.isDirectory()) return;
  throw new ConfigError("ERR_FILE_MALFORMED", `${dir} is not a directory`, "name the directory that imports begin at");
}

function run(program: string, args: readonly string[], dir: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = {
      env,
      timeout: compileTimeoutMs,
      maxBuffer: maxSchemaBytes,
      encoding: "buffer",
      // The launcher that npm writes on Windows is a .cmd file, which only a shell runs; its arguments are quoted then.
      shell: program.endsWith(".cmd"),
    } as const;
    execFile(program, options.shell ? args.map((arg) => `"${arg}"`) : args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(invalid(dir, stderr.toString(), error));
    });
  });
}

/** The compiler's own lines have file, line and column. */
function invalid(dir: string, diagnostics: string, cause: Error): ConfigError {
  const lines = diagnostics.trim().split("\n").filter(Boolean);
  const shown = lines.slice(0, 20).join("; ") || cause.message;
  const more = lines.length > 20 ? `; and ${lines.length - 20} more` : "";
  return new ConfigError(
    "ERR_PROTO_INVALID",
    `${dir} does not compile: ${shown}${more}`,
    "correct the .proto; imports count from the directory, or from the modules of its buf.yaml",
    { cause },
  );
}
