/** What the plugin knows beyond the options that all plugins on `@bufbuild/protoplugin` share. */
export interface PluginOptions {
  /** Whether a method that says nothing about who may call it is an error. */
  readonly requirePolicy: boolean;
}

const shared = [
  "target",
  "import_extension",
  "js_import_style",
  "map_imports",
  "rewrite_imports",
  "ts_nocheck",
  "elide_plugin_version",
  "keep_empty_files",
];

/** @throws Error that names the known options; protoplugin puts the wrong one before it */
export function parsePluginOptions(raw: readonly { readonly key: string; readonly value: string }[]): PluginOptions {
  let requirePolicy: boolean | undefined;
  for (const { key, value } of raw) {
    if (key !== "require_policy") {
      throw new Error(`there is no option "${key}"; known are ${["require_policy", ...shared].join(", ")}`);
    }
    if (value !== "true" && value !== "false") throw new Error("require_policy is true or false");
    // The last one would win without a word, and it may be the one that switches it off.
    if (requirePolicy !== undefined) throw new Error("require_policy is given twice");
    requirePolicy = value === "true";
  }
  return { requirePolicy: requirePolicy ?? false };
}
