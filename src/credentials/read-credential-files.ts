import { isAbsolute } from "node:path";
import { ConfigError } from "../errors.js";
import { fileIdentity } from "../files/file-identity.js";
import { shellWord } from "../files/file-modes.js";
import { checkTrustedDirectory } from "../files/private-directory.js";
import { readPrivateFile, readPublicFile } from "../files/private-file.js";
import { whenMissing } from "../files/when-missing.js";
import { type CredentialFiles, credentialFiles } from "./credential-files.js";

/** The contents of the files of a credentials directory. */
export type CredentialTexts = { readonly [Part in keyof CredentialFiles]: string };

const maxAttempts = 10;

/**
 * Reads all files of a credentials directory as they were at one moment: when one of them changed meanwhile, all are read
 * again. Whether they belong together is not asked here.
 *
 * @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_UNREADABLE
 */
export async function readCredentialFiles(directory: string): Promise<CredentialTexts> {
  const files = credentialFiles(directory);
  for (let attempt = 1; ; attempt++) {
    const before = await fingerprint(files);
    const result = await readAll(directory).catch((error: unknown) => ({ error }));
    const unchanged = before === (await fingerprint(files));
    if (unchanged && !("error" in result)) return result;
    if ("error" in result && (unchanged || attempt === maxAttempts)) throw result.error;
    if (attempt === maxAttempts) throw restless(directory);
  }
}

/** Changes whenever a file of the directory does. */
export async function fingerprint(files: CredentialFiles): Promise<string> {
  const identities = await Promise.all(Object.values(files).map(fileIdentity));
  return identities.join(" ");
}

/**
 * Checks the directory itself.
 *
 * @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_MISSING
 */
export async function checkCredentialDirectory(directory: string): Promise<void> {
  const checking = checkTrustedDirectory(directory);
  const place = isAbsolute(directory) ? "" : ` (it is looked for in ${process.cwd()})`;
  await whenMissing(`check the path${place}, or ${howToMake("cert", shellWord(directory))}`, checking);
}

async function readAll(directory: string): Promise<CredentialTexts> {
  await checkCredentialDirectory(directory);
  return {
    key: await readPart(directory, "key"),
    cert: await readPart(directory, "cert"),
    bundle: await readPart(directory, "bundle"),
    pins: await readPart(directory, "pins"),
  };
}

/** Reads one file of a credentials directory. @throws ERR_FILE_MISSING, ERR_FILE_NOT_PRIVATE, ERR_FILE_UNREADABLE */
export async function readPart(directory: string, part: keyof CredentialFiles): Promise<string> {
  const path = credentialFiles(directory)[part];
  const reading = part === "key" ? readPrivateFile(path) : readPublicFile(path);
  return (await whenMissing(howToMake(part, shellWord(directory)), reading)).toString("utf8");
}

function howToMake(part: keyof CredentialFiles, directory: string): string {
  return part === "pins"
    ? `run: certs-tool pin ${directory} PEER_DIR`
    : `run: certs-tool issue SPIFFE_ID --ca CA_DIR --out ${directory}`;
}

function restless(directory: string): ConfigError {
  return new ConfigError(
    "ERR_FILE_UNREADABLE",
    `the files in ${directory} change faster than they can be read`,
    "stop what keeps writing there, and replace each file by renaming a new one over it",
  );
}
