import { type Declared, sourcePath } from "../../codegen/source-path.js";

/** What the author wrote above a declaration, as lines of proto; none when the descriptors come without comments. */
export function commentsOn(desc: Declared): string[] {
  const info = fileOf(desc).proto.sourceCodeInfo;
  if (info === undefined) return [];
  const path = sourcePath(desc).join();
  const text = info.location.find((each) => each.path.join() === path)?.leadingComments ?? "";
  return text === ""
    ? []
    : text
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `//${line}`.trimEnd());
}

function fileOf(desc: Declared) {
  return "file" in desc ? desc.file : desc.parent.file;
}
