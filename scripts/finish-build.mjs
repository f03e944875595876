// tsc does not set the executable bit, and a bin without it only works when npm happens to link it again. The last file
// says that the build is complete; scripts/prepare.mjs looks for it.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";

const { bin } = JSON.parse(readFileSync("package.json", "utf8"));
for (const file of Object.values(bin)) chmodSync(file, 0o755);
writeFileSync("dist/built", "");
