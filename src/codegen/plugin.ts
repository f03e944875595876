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
 * @param version of the generator, which the files name
 * @throws ConfigError ERR_SCHEMA_INCOMPLETE, ERR_PROTO_INVALID, ERR_SCHEMA_POLICY with file, line and column of each mistake; Error for an option
 * that is wrong
 */
export function generate(request: CodeGeneratorRequest, version: string): CodeGeneratorResponse {
  const lacking = checkImports(request.protoFile);
  if (lacking.length > 0) throw schemaError("ERR_SCHEMA_INCOMPLETE", lacking, "hand over all files that are imported");
  const response = plugin(version).run(request);
  for (const file of response.file) file.content = formatted(file.content);
  return response;
}

function plugin(version: string) {
  return createEcmaScriptPlugin<PluginOptions>({
    name: "protoc-gen-pinwire",
    version,
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
