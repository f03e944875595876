// "pinwire/ca": the local CA as a library, for installers and tests; the certs-tool command is a thin layer over it.
export { type CertifyReport, type CertifyRequestOptions, certifyRequest } from "./ca/certify-request.js";
export { type CreateCaOptions, createLocalCa, ensureLocalCa } from "./ca/create-local-ca.js";
export { type IssueCredentialsOptions, type IssueReport, issueCredentials } from "./ca/issue-credentials.js";
export type { IssuedCertificate } from "./ca/issued-certificate.js";
export { listIssued } from "./ca/list-issued.js";
export {
  type CertificateRequest,
  type CertifiedKey,
  type CertifyOptions,
  type IssueOptions,
  LocalCa,
} from "./ca/local-ca.js";
export { type OpenCaOptions, openLocalCa } from "./ca/open-local-ca.js";
