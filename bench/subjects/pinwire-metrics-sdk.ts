import { sdkProvider } from "../metrics-sdk.js";
import { observedSubject } from "../observed.js";

export const subject = observedSubject("logs, an audit log of refusals, metrics by the meters of the SDK", sdkProvider);
