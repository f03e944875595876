// Writes to an audit log until it is killed.
import { openAuditLog } from "pinwire/audit";

const [directory, keyFile, anchorFile] = process.argv.slice(2);
const log = await openAuditLog({ directory, keyFile, anchorFile });
await log.append({ type: "note" });
console.log("written");
setInterval(() => {}, 60_000);
