import type { DescFile } from "@bufbuild/protobuf";

/** Files and all that they import, each once. */
export function withImports(...files: readonly DescFile[]): ReadonlySet<DescFile> {
  const all = new Set(files);
  for (const file of all) for (const dependency of file.dependencies) all.add(dependency);
  return all;
}
