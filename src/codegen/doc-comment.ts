import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { SourcePositions } from "./source-positions.js";

/** The text of a JSDoc comment: what the author wrote in the `.proto`, where it is from, and whether it is deprecated. */
export function docComment(element: DescService | DescMethod, positions: SourcePositions): string {
  const comment = positions.commentOn(element);
  return [...(comment === "" ? [] : [comment, ""]), `@generated from ${element}`, ...deprecation(element)].join("\n");
}

/** For what stands for the whole service, without repeating what its author says. */
export function shortComment(sentence: string, service: DescService): string {
  return [sentence, ...deprecation(service)].join("\n");
}

function deprecation(element: DescService | DescMethod): string[] {
  const deprecated = element.deprecated || (element.kind === "service" && element.file.deprecated);
  return deprecated ? ["", "@deprecated"] : [];
}
