const label = /^(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/;

/**
 * Whether a text is a host name (RFC 1123, section 2.1; RFC 5280, section 4.2.1.6): letters, digits and hyphens, no
 * trailing dot, no IP address. A wildcard is a host name with `*` as its whole first label, if others follow (RFC 9525,
 * section 6.3).
 */
export function isHostName(name: string): boolean {
  if (name.length > 253) return false;
  const labels = name.split(".");
  if (labels[0] === "*" && labels.length > 2) labels.shift();
  return labels.every((text) => label.test(text)) && !/^\d+$/.test(labels.at(-1) ?? "");
}
