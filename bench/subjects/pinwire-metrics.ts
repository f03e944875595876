import { sdkWithProducer } from "../metrics-sdk.js";
import { observedSubject } from "../observed.js";

export const subject = observedSubject("logs, an audit log of refusals, metrics by a metric producer", sdkWithProducer);
