/** Where a subject's two processes meet, and as whom. Passed to them as JSON. */
export interface Place {
  /** A path for a Unix socket, in a private directory. */
  readonly socketPath: string;
  readonly server: Party;
  readonly client: Party;
}

export interface Party {
  readonly id: string;
  /** `key.pem`, `cert.pem`, `bundle.pem`, `pins.json`. */
  readonly directory: string;
}
