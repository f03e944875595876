// "pinwire/audit": the tamper-evident log, for servers and for whoever reads it.

export type { ChainFault } from "./audit/audit-chain.js";
export type { AuditLog } from "./audit/audit-log.js";
export type { AuditFields } from "./audit/audit-record.js";
export { type AuditFollower, type FollowAuditLogOptions, followAuditLog } from "./audit/follow-audit-log.js";
export { type OpenAuditLogOptions, openAuditLog } from "./audit/open-audit-log.js";
export type { AuditRecord } from "./audit/parse-record.js";
export { type AuditReport, type VerifyAuditOptions, verifyAuditLog } from "./audit/verify-audit-log.js";
