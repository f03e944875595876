import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { parseAddress } from "../../src/transport/address.js";
import { thrown } from "../helpers/thrown.js";

// An abstract socket has no file: every user of the machine may connect to it, and may take its name first.
describe("UDS-08: abstract socket names are refused", () => {
  it.each(["unix:\0name", "unix:@name", "\0name", "@name", "unix-abstract:name", "unix-abstract:\0name"])(
    "%j",
    (text) => {
      expect(thrown(ConfigError, () => parseAddress(text))).toMatchObject({
        code: "ERR_INVALID_ADDRESS",
        message:
          `the address ${JSON.stringify(text)} is an abstract socket, which has no owner and no mode - ` +
          "write unix:/absolute/path",
      });
    },
  );
});
