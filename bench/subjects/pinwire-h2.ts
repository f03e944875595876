import { pinwireSubject } from "../pinwire.js";

export const subject = pinwireSubject("h2", "pinwire with everything on that is on by default, gRPC over HTTP/2");
