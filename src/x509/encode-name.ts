import * as write from "./der-writer.js";
import { oids } from "./object-identifiers.js";

/** The parts of a Name that pinwire writes. An empty object is the empty Name. */
export interface NameParts {
  readonly organization?: string;
  readonly commonName?: string;
}

/** Encodes a Name (RFC 5280, section 4.1.2.4), one attribute per RDN, as UTF8String. */
export function encodeName(parts: NameParts): Buffer {
  const attributes = [
    [oids.organizationName, parts.organization],
    [oids.commonName, parts.commonName],
  ] as const;
  return write.toDer(
    write.sequence(
      ...attributes.flatMap(([oid, value]) =>
        value === undefined ? [] : [write.set(write.sequence(write.oid(oid), write.utf8(value)))],
      ),
    ),
  );
}
