/** Where a call over HTTP/2 carries its envelope. Reserved: it is for the two ends, not for what runs on them. */
export const envelopeKey = "pinwire-envelope-bin";
