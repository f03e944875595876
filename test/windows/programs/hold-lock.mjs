// Takes a lock and keeps it until it is killed.
import { withLock } from "../../../dist/src/files/lock-file.js";

await withLock(process.argv[2], async () => {
  console.log("held");
  await new Promise(() => setInterval(() => {}, 60_000));
});
