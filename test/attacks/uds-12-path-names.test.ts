import { lstatSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { parseAddress } from "../../src/transport/address.js";
import { SecurePair } from "../helpers/secure-pair.js";
import { tempDirectory } from "../helpers/temp-directory.js";
import { unixAddress } from "../helpers/temp-socket.js";
import { thrown } from "../helpers/thrown.js";

// gRPC stacks disagree about what these mean; two processes that read one string differently meet different peers.
describe("UDS-12: there is one spelling for a socket", () => {
  const absolute = "write the absolute path, for example unix:/run/user/1000/app/app.sock";
  it.each([
    ["unix:app.sock", "is a relative path", absolute],
    ["unix:./app.sock", "is a relative path", absolute],
    ["unix:../app.sock", "is a relative path", absolute],
    ["unix:~/app.sock", "is a relative path", absolute],
    ["unix:", "is a relative path", absolute],
    ["unix:/", "names no file", "write the path of the socket after unix:"],
    ["unix://", "names no file", "write the path of the socket after unix:"],
    ["unix://tmp/app.sock", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:///tmp/app.sock", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/tmp//app.sock", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/tmp/./app.sock", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/tmp/x/../app.sock", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/../../app.sock", "is not in its normal form", "write unix:/app.sock"],
    ["unix:/tmp/app.sock/", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/tmp/app.sock/.", "is not in its normal form", "write unix:/tmp/app.sock"],
    ["unix:/tmp/app\0.sock", "contains the control character 0x00", "leave it out"],
    ["unix:/tmp/app.sock\n", "contains the control character 0x0a", "leave it out"],
  ])("%j is refused", (text, fault, hint) => {
    expect(thrown(ConfigError, () => parseAddress(text))).toMatchObject({
      code: "ERR_INVALID_ADDRESS",
      message: `the address ${JSON.stringify(text)} ${fault} - ${hint}`,
    });
  });

  it.each(["with spaces.sock", "50%25.sock", "%2e%2e", "größe ☃.sock", "e\u0301.sock", "...", "-rf", "$HOME;'\".sock"])(
    "%j is taken literally",
    async (name) => {
      const address = unixAddress(join(tempDirectory(), "run", name));
      const pair = new SecurePair();
      await pair.listener.listen(address);
      expect(readdirSync(dirname(address.path))).toEqual([name]);
      expect(lstatSync(address.path).isSocket()).toBe(true);
      await pair.expectService({ address });
    },
  );
});
