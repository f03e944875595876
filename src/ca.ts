// "pinwire/ca": the local CA as a library, for installers and tests; the certs-tool command is a thin layer over it.
export { type CreateCaOptions, createLocalCa } from "./ca/create-local-ca.js";
export { type IssueOptions, LocalCa } from "./ca/local-ca.js";
export { openLocalCa } from "./ca/open-local-ca.js";
