import { join } from "node:path";
import { ConfigError } from "../errors.js";
import { writeFileAtomically } from "../files/atomic-write.js";
import { appendLineDurably, completeLines } from "../files/durable-append.js";
import { shellWord } from "../files/file-modes.js";
import { lockDirectory } from "../files/lock-directory.js";
import { mayExist } from "../files/may-exist.js";
import { checkPrivateDirectory, ensurePrivateDirectory } from "../files/private-directory.js";
import { readPrivateFile, readPublicFile } from "../files/private-file.js";
import { type IssuedCertificate, parseIssuedCertificate } from "./issued-certificate.js";
import { readRecord } from "./read-record.js";
import { SerialLedger } from "./serial-ledger.js";

/**
 * The directory of a CA, mode 0700: `ca.key` (0600), `ca.pem`, `serials` (one number a line), `issued.jsonl` (one
 * certificate a line) and `lock.*` while somebody works in it. The store is complete once `ca.pem` is there.
 */
export class CaStore {
  readonly directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly #serialsFile: string;
  readonly #serials: SerialLedger;
  readonly #issuedFile: string;

  constructor(directory: string) {
    this.directory = directory;
    this.certificateFile = join(directory, "ca.pem");
    this.keyFile = join(directory, "ca.key");
    this.#serialsFile = join(directory, "serials");
    this.#serials = new SerialLedger(this.#serialsFile);
    this.#issuedFile = join(directory, "issued.jsonl");
  }

  /** @throws ERR_FILE_MISSING, ERR_DIRECTORY_NOT_PRIVATE */
  async check(): Promise<void> {
    if (!(await this.isComplete())) throw this.#missing();
    await checkPrivateDirectory(this.directory, { othersMayRead: false });
  }

  /** Makes the directory, or checks the one that is there. @throws ERR_DIRECTORY_NOT_PRIVATE, ERR_FILE_WRITE */
  ensureDirectory(): Promise<void> {
    return ensurePrivateDirectory(this.directory, { othersMayRead: false });
  }

  isComplete(): Promise<boolean> {
    return mayExist(this.certificateFile);
  }

  hasKey(): Promise<boolean> {
    return mayExist(this.keyFile);
  }

  /** Whether it ever signed anything. */
  isUsed(): Promise<boolean> {
    return mayExist(this.#serialsFile);
  }

  async readCertificate(): Promise<string> {
    return (await readPublicFile(this.certificateFile)).toString("utf8");
  }

  async readKey(): Promise<string> {
    return (await readPrivateFile(this.keyFile)).toString("utf8");
  }

  writeKey(pem: string): Promise<void> {
    return writeFileAtomically(this.keyFile, pem, { mode: 0o600, overwrite: true });
  }

  writeCertificate(pem: string): Promise<void> {
    return writeFileAtomically(this.certificateFile, pem, { mode: 0o644 });
  }

  /** One process at a time. @throws ERR_LOCKED */
  lock<T>(action: () => Promise<T>): Promise<T> {
    return lockDirectory(this.directory, "lock", action);
  }

  /** See {@link SerialLedger.reserve}. Call under the lock. */
  reserveSerialNumber(): Promise<string> {
    return this.#serials.reserve();
  }

  /** Records a certificate; it is on the disk when this returns. Call under the lock. */
  async record(issued: IssuedCertificate): Promise<void> {
    await appendLineDurably(this.#issuedFile, JSON.stringify(issued));
  }

  /** Every certificate recorded, the oldest first. @throws ERR_FILE_MALFORMED */
  async issued(): Promise<IssuedCertificate[]> {
    const lines = completeLines(await readRecord(this.#issuedFile));
    return lines.map((line, index) => parseIssuedCertificate(line, this.#issuedFile, index + 1));
  }

  #missing(): ConfigError {
    return new ConfigError(
      "ERR_FILE_MISSING",
      `there is no CA in ${this.directory}`,
      `run: certs-tool init --ca ${shellWord(this.directory)} --trust-domain NAME`,
    );
  }
}
