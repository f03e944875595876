import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPublicFile } from "../../src/files/private-file.js";
import { whenMissing } from "../../src/files/when-missing.js";
import { loadCredentials } from "../../src/load-credentials.js";
import { tempDirectory } from "../helpers/temp-directory.js";

describe("what is not there", () => {
  it("comes with the way to make it", async () => {
    const path = join(tempDirectory(), "file");
    await expect(whenMissing("run: make it", readPublicFile(path))).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      problem: `${path} does not exist`,
      hint: "run: make it",
      cause: { code: "ENOENT" },
    });
  });

  it("keeps what is wrong otherwise", async () => {
    const path = join(tempDirectory(), "directory");
    mkdirSync(path);
    await expect(whenMissing("run: make it", readPublicFile(path))).rejects.toMatchObject({
      code: "ERR_FILE_NOT_PRIVATE",
    });
  });

  it("is looked for somewhere, when the path is relative", async () => {
    await expect(loadCredentials("no such/directory")).rejects.toMatchObject({
      code: "ERR_FILE_MISSING",
      hint: `check the path (it is looked for in ${process.cwd()}), or run: certs-tool issue SPIFFE_ID --ca CA_DIR --out 'no such/directory'`,
    });
    await expect(readPublicFile("no such file")).rejects.toMatchObject({
      hint: `check the path; it is looked for in ${process.cwd()}`,
    });
    await expect(readPublicFile("/no such file")).rejects.toMatchObject({ hint: "check the path" });
  });
});
