import type { DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Target } from "@bufbuild/protoplugin";
import type { GeneratedNames } from "./generated-names.js";
import type { ServiceNames } from "./service-names.js";
import type { SourcePositions } from "./source-positions.js";

/** What it takes to write the code of one service. */
export interface Generation {
  readonly f: GeneratedFile;
  /** TypeScript, or the two files that it would be compiled to. */
  readonly target: Target;
  readonly service: DescService;
  readonly names: ServiceNames;
  readonly own: GeneratedNames;
  readonly positions: SourcePositions;
}
