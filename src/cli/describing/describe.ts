import type { Described } from "../schema/schema.js";
import { describeEnum, describeExtension, describeMessage } from "./describe-message.js";
import { describeMethod, describeService } from "./describe-service.js";
import type { Description } from "./description.js";

/** @throws ConfigError ERR_SCHEMA_POLICY when an option of a method makes no sense */
export function describe(desc: Described): Description {
  switch (desc.kind) {
    case "service":
      return describeService(desc);
    case "rpc":
      return describeMethod(desc);
    case "message":
      return describeMessage(desc);
    case "enum":
      return describeEnum(desc);
    case "extension":
      return describeExtension(desc);
  }
}
