import { readFileSync } from "node:fs";
import type { CodeGeneratorRequest, CodeGeneratorResponse } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin, type Schema, type Target } from "@bufbuild/protoplugin";
import { checkPolicies } from "./check-policy.js";
import { checkImports, checkMethodNames } from "./check-schema.js";
import { generateFile } from "./generate-file.js";
import { formatted } from "./layout.js";
import { type PluginOptions, parsePluginOptions } from "./plugin-options.js";
import { schemaError } from "./schema-error.js";

/**
 * Generates code for the files of a request.
 *
 * @throws ConfigError ERR_SCHEMA_INCOMPLETE, ERR_PROTO_INVALID, ERR_SCHEMA_POLICY with file, line and column of each mistake; Error for an option
 * that is wrong
 */
export function generate(request: CodeGeneratorRequest): CodeGeneratorResponse {
  const lacking = checkImports(request.protoFile);
  if (lacking.length > 0) throw schemaError("ERR_SCHEMA_INCOMPLETE", lacking, "hand over all files that are imported");
  const response = plugin().run(request);
  for (const file of response.file) file.content = formatted(file.content);
  return response;
}

export function pluginVersion(): string {
  const manifest = new URL("../../../package.json", import.meta.url);
  return `v${(JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version}`;
}

function plugin() {
  return createEcmaScriptPlugin<PluginOptions>({
    name: "protoc-gen-pinwire",
    version: pluginVersion(),
    parseOptions: parsePluginOptions,
    generateTs: generateFiles,
    generateJs: generateFiles,
    generateDts: generateFiles,
  });
}

function generateFiles(schema: Schema<PluginOptions>, target: Target): void {
  const alike = checkMethodNames(schema.files);
  if (alike.length > 0) throw schemaError("ERR_PROTO_INVALID", alike, "rename one of the two");
  const policy = checkPolicies(schema.files, schema.options.requirePolicy);
  if (policy.length > 0) {
    throw schemaError("ERR_SCHEMA_POLICY", policy, "docs/schema-policy.md says what each option takes");
  }
  for (const file of schema.files) generateFile(schema, file, target);
}
