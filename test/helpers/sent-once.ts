import type { ServiceConfig } from "../../src/client/service-config.js";

/** For tests of what one attempt meets: nothing is tried again. */
export const sentOnce: ServiceConfig = { methodConfig: [{ name: [{}], retryPolicy: "none" }] };
