// What a file that somebody has been writing in calls the things that a new handler needs.
import { describe, expect, it } from "vitest";
import { pinwireNames } from "../../src/codegen/scaffold/pinwire-names.js";

const handlers = "const notes: NotesImplementation = {};\n";

function namesIn(head: string) {
  const { rpcError, status, missing, at } = pinwireNames(head + handlers, head.length);
  return { names: `${rpcError} ${status}`, missing, at };
}

describe("pinwireNames", () => {
  it("takes what is imported, under the name it has", () => {
    for (const [head, names] of [
      ['import { RpcError, Status } from "pinwire";\n', "RpcError Status"],
      ['\ufeffimport { RpcError, Status } from "pinwire";\n', "RpcError Status"],
      ["import {\n  RpcError, // ours\n  Status,\n} from 'pinwire';\n", "RpcError Status"],
      ['import { RpcError as E, allow } from "pinwire";\nimport { Status } from "pinwire";\n', "E Status"],
    ] as const) {
      expect(namesIn(head)).toMatchObject({ names, missing: "" });
    }
  });

  it("imports what is missing", () => {
    expect(namesIn('import { RpcError } from "pinwire";\n')).toMatchObject({
      names: "RpcError Status",
      missing: 'import { Status } from "pinwire";',
    });
    expect(namesIn('import * as pinwire from "pinwire";\n')).toMatchObject({
      names: "RpcError Status",
      missing: 'import { RpcError, Status } from "pinwire";',
    });
  });

  it("leaves names alone that mean something else, or types only", () => {
    for (const head of [
      'import type { RpcError, Status } from "pinwire";\n',
      'import { type RpcError, type Status } from "pinwire";\n',
      'import { RpcError, Status } from "./own.js";\n',
      "class RpcError {}\nconst Status = 1;\n",
    ]) {
      expect(namesIn(head)).toMatchObject({
        names: "PinwireRpcError PinwireStatus",
        missing: 'import { RpcError as PinwireRpcError, Status as PinwireStatus } from "pinwire";',
      });
    }
  });

  it("puts an import before the first of the file, and never into a text or a comment", () => {
    const first = 'import a from "a";\n';
    for (const before of ["", "\ufeff", "// import\n/*\nimport x\n*/\n", "const a = `\nimport b\n`;\nimport('c');\n"]) {
      expect(namesIn(before + first).at).toBe(before.length);
    }
    for (const before of ["", "\ufeff", "#!/usr/bin/env node\n", "\ufeff#!/usr/bin/env node\n"]) {
      expect(namesIn(`${before}/*\nimport x\n*/\n`).at).toBe(before.length);
    }
    expect(pinwireNames(`${handlers}${first}`, handlers.length - 5).at).toBe(0);
  });
});
