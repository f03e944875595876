import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { parseAddress } from "../../src/transport/address.js";
import { requirePlatform } from "../../src/transport/platform.js";
import { checkServerSocket } from "../../src/transport/socket-check.js";
import { listenSocket } from "../../src/transport/socket-listener.js";
import { thrown } from "../helpers/thrown.js";

const unix = parseAddress("unix:/run/app.sock");
const pipe = parseAddress("npipe:app");

describe("requirePlatform", () => {
  it("takes a path everywhere but on Windows, and a pipe only there", () => {
    requirePlatform(unix, "linux");
    requirePlatform(unix, "darwin");
    requirePlatform(pipe, "win32");
    expect(thrown(ConfigError, () => requirePlatform(unix, "win32"))).toMatchObject({
      code: "ERR_UNSUPPORTED_PLATFORM",
      message: "unix:/run/app.sock cannot be used on win32 - use npipe:name on Windows",
    });
    expect(thrown(ConfigError, () => requirePlatform(pipe, "darwin"))).toMatchObject({
      code: "ERR_UNSUPPORTED_PLATFORM",
      message: "npipe:app cannot be used on darwin - use unix:/absolute/path, named pipes exist on Windows",
    });
  });

  it.skipIf(process.platform === "win32")("is asked by the server and by the client", async () => {
    const handlers = { onSocket: () => {}, onError: () => {} };
    await expect(listenSocket(pipe, handlers)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED_PLATFORM" });
    await expect(checkServerSocket(pipe)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED_PLATFORM" });
  });
});
