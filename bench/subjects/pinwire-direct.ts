import { pinwireSubject } from "../pinwire.js";

export const subject = pinwireSubject("direct", "pinwire with everything on that is on by default, its own framing");
