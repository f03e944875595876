// `certs-tool` is killed at each system call that changes what is on the disk, in turn. Whatever is left is loaded as the old
// identity or the new one or refused, never as a mixture; the CA has a record of every certificate; and the same command,
// run again, finishes the work.
import { spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensureLocalCa } from "../../src/ca/create-local-ca.js";
import { type IssueCredentialsOptions, issueCredentials } from "../../src/ca/issue-credentials.js";
import { listIssued } from "../../src/ca/list-issued.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { pinPeers } from "../../src/credentials/pin-peers.js";
import { parseIssuer } from "../../src/tokens/issuer-keys.js";
import { publicJwkOf } from "../../src/tokens/public-jwk.js";
import { revokeTokens } from "../../src/tokens/revoke-tokens.js";
import { TokenIssuer } from "../../src/tokens/token-issuer.js";
import { parseRevocations } from "../../src/tokens/token-revocations.js";
import { spkiOf } from "../../src/x509/keys.js";
import { furnishedWorkplace, type Workplace, workplace } from "../helpers/certs-tool.js";
import { has } from "../helpers/tools.js";

const calls = ["unlink", "rename", "link", "fsync", "mkdir"];
const canInject = has("strace") && spawnSync("strace", ["-f", "-qq", "-e", "trace=none", "true"]).status === 0;

/**
 * Runs a command again and again under strace, which kills it when it begins its first, second, … call of each kind. Calls
 * `prepare` before and `check` after each.
 */
async function killEverywhere<T extends Workplace>(
  line: string,
  prepare: () => Promise<T>,
  check: (place: T) => unknown,
) {
  for (const call of calls) {
    for (let nth = 1, killed = true; killed; nth++) {
      expect(nth).toBeLessThan(20);
      const place = await prepare();
      killed = await killedAt(place, line, `inject=${call}:signal=KILL:when=${nth}`);
      await check(place);
    }
  }
}

/** True when it was killed. */
async function killedAt(place: Workplace, line: string, inject: string): Promise<boolean> {
  // strace counts per thread, so there must be one alone that works on files.
  const env = { UV_THREADPOOL_SIZE: "1" };
  const { code } = await place.run(line, { env, under: ["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject] });
  return code !== 0;
}

/** The pin of what loads, "refused" when nothing does. */
async function loadedPin({ directory }: Workplace): Promise<string> {
  try {
    const { svid } = (await loadCredentials(join(directory, "certs/cli"), { watch: false })).current();
    expect(spkiOf(svid.privateKey).equals(svid.leaf.spki)).toBe(true);
    return svid.pin.toString();
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(FILE_MISSING|KEY_MISMATCH)$/) });
    return "refused";
  }
}

async function issue({ directory }: Workplace, options: IssueCredentialsOptions = {}): Promise<void> {
  const ca = await openLocalCa(join(directory, "ca"));
  await issueCredentials(ca, "spiffe://local.test/cli", join(directory, "certs/cli"), options);
}

const filesIn = ({ directory }: Workplace, name: string) => readdirSync(join(directory, name)).sort();

describe.skipIf(!canInject)("killed at any moment", () => {
  it("issue --new-key leaves the old identity, the new one, or none", { timeout: 120_000 }, async () => {
    const place = await furnishedWorkplace();
    const line = "issue spiffe://local.test/cli --ca ca --out certs/cli --new-key";
    const seen = new Set<string>();
    let before = "";
    await killEverywhere(
      line,
      async () => {
        before = await loadedPin(place);
        return place;
      },
      async () => {
        const after = await loadedPin(place);
        const issued = await listIssued(join(place.directory, "ca"));
        if (after !== "refused") expect(issued.map(({ pin }) => pin)).toContain(after);
        seen.add(after === "refused" ? "refused" : after === before ? "old" : "new");
        await issue(place);
        expect(await loadedPin(place)).not.toBe("refused");
      },
    );
    expect([...seen].sort()).toEqual(["new", "old", "refused"]);
    // What the killed ones left is gone.
    expect(filesIn(place, "ca")).toEqual(["ca.key", "ca.pem", "issued.jsonl", "serials"]);
    expect(filesIn(place, "certs/cli")).toEqual(["bundle.pem", "cert.pem", "key.pem", "pins.json"]);
  });

  it("init leaves no CA or a whole one", { timeout: 120_000 }, async () => {
    await killEverywhere(
      "init --ca ca --trust-domain local.test",
      async () => workplace(),
      async (place) => {
        const ca = join(place.directory, "ca");
        const opened = await openLocalCa(ca).then(
          () => "opened",
          ({ code }) => code,
        );
        expect(opened).toBe(existsSync(join(ca, "ca.pem")) ? "opened" : "ERR_FILE_MISSING");
        await ensureLocalCa(ca, { trustDomain: "local.test" });
        await issue(place);
        expect(filesIn(place, "ca")).toEqual(["ca.key", "ca.pem", "issued.jsonl", "serials"]);
      },
    );
  });

  it("pin leaves pins that can be read, and finishes", { timeout: 120_000 }, async () => {
    await killEverywhere(
      "pin certs/cli certs/greeter",
      async () => {
        const place = await furnishedWorkplace();
        await issue(place, { newKey: true });
        return place;
      },
      async (place) => {
        const directories = ["certs/cli", "certs/greeter"].map((name) => join(place.directory, name));
        for (const directory of directories) await loadCredentials(directory, { watch: false });
        const [, ofCli] = await pinPeers(directories);
        expect(ofCli?.entry.next).toBeDefined();
      },
    );
  });

  it("token init leaves no issuer or a whole one, and finishes", { timeout: 120_000 }, async () => {
    const name = "spiffe://local.test/tokens";
    await killEverywhere(
      `token init --issuer issuer --name ${name}`,
      async () => workplace(),
      async (place) => {
        const { issuer } = await TokenIssuer.ensure(join(place.directory, "issuer"), name);
        expect(await whoseTokens(issuer)).toBe("published");
        expect(filesIn(place, "issuer")).toEqual(["issuers.json", "keys.json"]);
      },
    );
  });

  it("token rotate leaves the old keys or the new ones, known to the servers", { timeout: 120_000 }, async () => {
    const place = workplace();
    const directory = join(place.directory, "issuer");
    const { issuer } = await TokenIssuer.ensure(directory, "spiffe://local.test/tokens");
    await killEverywhere(
      "token rotate --issuer issuer",
      async () => place,
      // Also before anything was mended: what signs is always in the file that servers have.
      async () => expect(await whoseTokens(issuer)).toBe("published"),
    );
    await issuer.rotate();
    expect(filesIn(place, "issuer")).toEqual(["issuers.json", "keys.json"]);
  });

  it("token revoke leaves the old file or the new one", { timeout: 120_000 }, async () => {
    const place = workplace();
    const file = join(place.directory, "revoked.json");
    await revokeTokens(file, { tokens: ["0123456789abcdef"] });
    const seen = new Set<number>();
    await killEverywhere(
      "token revoke --file revoked.json --jti fedcba9876543210",
      async () => {
        await rm(file);
        await revokeTokens(file, { tokens: ["0123456789abcdef"] });
        return place;
      },
      async () => {
        const { tokens } = parseRevocations(await readFile(file, "utf8"), file);
        expect(Object.keys(tokens)).toContain("0123456789abcdef");
        seen.add(Object.keys(tokens).length);
      },
    );
    expect([...seen].sort()).toEqual([1, 2]);
  });
});

/** Whether the key that would sign now is one that servers know, without the file being written anew for it. */
async function whoseTokens({ publicFile }: TokenIssuer): Promise<"published" | "unknown"> {
  const { current } = JSON.parse(await readFile(join(publicFile, "..", "keys.json"), "utf8"));
  const { keys } = parseIssuer(await readFile(publicFile, "utf8"), publicFile);
  const jwk = publicJwkOf(createPrivateKey(current));
  return keys.some(({ x }) => x === jwk?.x) ? "published" : "unknown";
}
