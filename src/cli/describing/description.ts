/** Something in a schema, for programs and for people. */
export interface Description {
  readonly json: object;
  readonly lines: readonly string[];
}
