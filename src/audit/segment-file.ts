import { constants, lstatSync, writeSync } from "node:fs";
import { type FileHandle, lstat, open, unlink } from "node:fs/promises";
import { ConfigError } from "../errors.js";
import { fileError } from "../files/file-error.js";
import { modesApply } from "../files/file-modes.js";
import { syncDirectory } from "../files/sync-directory.js";
import { type Segment, segmentPath } from "./segments.js";

/** The segment that is written to: append-only, 0600, never through a symbolic link. */
export class SegmentFile {
  readonly number: number;
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #inode: bigint;
  #buffer = Buffer.allocUnsafeSlow(16_384);
  /** What of it is acknowledged. */
  #bytes: number;
  /** What was to be appended when it failed: a part of it may be in the file. */
  #attempted = 0;
  /** Why the disk may not have what it was given; after that nobody knows, whatever it says the next time. */
  #unsynced: unknown;
  /** Somebody else was at the file. Nothing is written or cut off any more: what is there is evidence. */
  #tampered: ConfigError | undefined;

  /** @throws ConfigError ERR_FILE_WRITE */
  static async create(directory: string, number: number): Promise<SegmentFile> {
    const path = segmentPath(directory, number);
    const file = await SegmentFile.#open({ number, path }, constants.O_CREAT | constants.O_EXCL);
    try {
      await syncDirectory(directory);
      return file;
    } catch (error) {
      // Left there, it would be in the way of every other attempt.
      await file.discard();
      throw fileError("write", path, error);
    }
  }

  /** @throws ConfigError ERR_FILE_WRITE */
  static open(segment: Segment): Promise<SegmentFile> {
    return SegmentFile.#open(segment, 0);
  }

  static async #open({ number, path }: Segment, how: number): Promise<SegmentFile> {
    const { O_RDWR, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    try {
      const handle = await open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | how, 0o600);
      try {
        if (how !== 0 && modesApply) await handle.chmod(0o600);
        const { ino, size } = await handle.stat({ bigint: true });
        return new SegmentFile(number, path, handle, ino, Number(size));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw fileError("write", path, error);
    }
  }

  private constructor(number: number, path: string, handle: FileHandle, inode: bigint, bytes: number) {
    this.number = number;
    this.path = path;
    this.#handle = handle;
    this.#inode = inode;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends: what returns without a throw is in the file that the path names. A part that went in before a failure is not
   * acknowledged; {@link undo} takes it out.
   *
   * @throws ConfigError ERR_FILE_WRITE, ERR_AUDIT_TAMPERED
   */
  append(text: string): void {
    this.#assertUntouched();
    const length = this.#encode(text);
    this.#attempted = length;
    try {
      // Into the memory of the system, in this thread: to hand it to another takes longer than to do it, and all calls
      // that are to be recorded wait for it. What waits for the disk is `sync`.
      // write() may stop half-way on a full disk; then the next round reports why.
      for (let done = 0; done < length; ) {
        done += writeSync(this.#handle.fd, this.#buffer, done, length - done);
      }
      this.#assertOurs(this.#bytes + length);
    } catch (error) {
      throw fileError("write", this.path, error);
    }
    this.#bytes += length;
  }

  /** Into memory that is used again: a record is ASCII, a byte a unit. */
  #encode(text: string): number {
    if (text.length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(2 * text.length);
    return this.#buffer.write(text, "latin1");
  }

  /** That the path still names this file, with what was written to it. @throws ConfigError ERR_FILE_WRITE, ERR_AUDIT_TAMPERED */
  assertThere(): void {
    this.#assertUntouched();
    this.#assertOurs(this.#bytes);
  }

  /** Cuts off what is not acknowledged, and nothing that is not ours. @throws ConfigError ERR_FILE_WRITE, ERR_AUDIT_TAMPERED */
  async undo(): Promise<void> {
    this.#assertUntouched();
    try {
      const { ino, size } = await lstat(this.path, { bigint: true });
      const isOurs = ino === this.#inode && size >= this.#bytes && size <= this.#bytes + this.#attempted;
      if (!isOurs) throw this.#foundTampered();
      await this.#truncate(this.#bytes);
    } catch (error) {
      throw fileError("write", this.path, error);
    }
  }

  /** Cuts off what a crash left. @throws ConfigError ERR_FILE_WRITE */
  async cutOff(to: number): Promise<void> {
    try {
      await this.#truncate(to);
      this.#bytes = to;
    } catch (error) {
      throw fileError("write", this.path, error);
    }
  }

  /** Returns when what was appended would survive a power cut. @throws ConfigError ERR_FILE_WRITE */
  async sync(): Promise<void> {
    if (this.#unsynced !== undefined) throw this.#unsynced;
    try {
      await this.#handle.datasync();
    } catch (error) {
      this.#unsynced = fileError("write", this.path, error);
      throw this.#unsynced;
    }
  }

  /** Takes a file back that never became part of the log. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    const found = await lstat(this.path, { bigint: true }).catch(() => undefined);
    if (found?.ino === this.#inode) await unlink(this.path).catch(() => undefined);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** By a handle of its own: on Windows one that appends has no right to it (libuv leaves FILE_WRITE_DATA out). */
  async #truncate(to: number): Promise<void> {
    const { O_RDWR, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    await using handle = await open(this.path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const { ino } = await handle.stat({ bigint: true });
    if (ino !== this.#inode) throw this.#foundTampered();
    await handle.truncate(to);
  }

  /** What is written to a file that was moved away, or that somebody else writes to, is not in the log. */
  #assertOurs(size: number): void {
    const found = lstatSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (found?.ino === this.#inode && found.size === BigInt(size)) return;
    throw this.#foundTampered();
  }

  #foundTampered(): ConfigError {
    this.#tampered = new ConfigError(
      "ERR_AUDIT_TAMPERED",
      `${this.path} was replaced, or changed by somebody else, while it was written`,
      "run pinwire audit verify; find out who did it, put the file back, then start the server again",
    );
    return this.#tampered;
  }

  #assertUntouched(): void {
    if (this.#tampered !== undefined) throw this.#tampered;
  }
}
