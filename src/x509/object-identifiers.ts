/** The object identifiers that this code acts on (RFC 5280, RFC 5480, RFC 8017, X.520), by their standard names. */
export const oids = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",

  anyExtendedKeyUsage: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  emailProtection: "1.3.6.1.5.5.7.3.4",

  commonName: "2.5.4.3",
  organizationName: "2.5.4.10",
  emailAddress: "1.2.840.113549.1.9.1",
} as const;
