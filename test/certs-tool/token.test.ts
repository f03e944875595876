import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issueCredentials } from "../../src/ca/issue-credentials.js";
import { openLocalCa } from "../../src/ca/open-local-ca.js";
import { loadCredentials } from "../../src/credentials/load-credentials.js";
import { readLeaf } from "../../src/credentials/read-leaf.js";
import { delegateToken } from "../../src/tokens/delegate-token.js";
import { inspectToken } from "../../src/tokens/inspect-token.js";
import { furnishedWorkplace, type Workplace, workplace } from "../helpers/certs-tool.js";

const init = "token init --issuer issuer --name spiffe://local.test/tokens";
const issue = "token issue notes.read --issuer issuer --holder certs/cli --audience spiffe://local.test/greeter";
const modeOf = (...path: string[]) => (statSync(join(...path)).mode & 0o777).toString(8);
const read = ({ directory }: Workplace, ...path: string[]) => readFileSync(join(directory, ...path), "utf8");

async function withIssuer(): Promise<Workplace> {
  const place = await furnishedWorkplace();
  await place.ok(init);
  return place;
}

describe("certs-tool token", () => {
  it.each(["init", "issue", "inspect", "revoke", "rotate"])("%s --help shows examples first", async (command) => {
    const stdout = await workplace().ok(`token ${command} --help`);
    expect(stdout).toMatch(new RegExp(`^Examples:\\n  # .+\\n  certs-tool token ${command} `));
    expect(stdout).toContain(`\nUsage: certs-tool token ${command} `);
    expect(await workplace().ok("--help")).toMatch(new RegExp(`^  token ${command} +\\w`, "m"));
  });

  it("prints every command that there is when it is told --help alone", async () => {
    const { ok } = workplace();
    expect(await ok("token --help")).toBe(await ok("--help"));
  });

  it.each([
    ["token", 'unknown command "token"'],
    ["token frobnicate", 'unknown command "token frobnicate"'],
    ["token init", "--issuer DIR is missing"],
    ["token init --issuer x --name me", '"me" is not a SPIFFE ID: it does not start with spiffe://'],
    ["token issue --issuer x --holder y --audience z", "SCOPE is missing"],
    ["token issue a --issuer x --holder y --audience z", '"z" is not a SPIFFE ID: it does not start with spiffe://'],
    [
      "token issue a --issuer x --holder y --audience spiffe://local.test/z --ttl soon",
      '--ttl "soon" is not a duration',
    ],
    ["token inspect", "FILE is missing"],
    ["token revoke", "--file FILE is missing"],
    ["token revoke --file x --subject y", '"y" is not a SPIFFE ID: it does not start with spiffe://'],
    ["token rotate", "--issuer DIR is missing"],
  ])("%s is not understood", async (line, problem) => {
    const { code, stdout, stderr } = await workplace().run(line);
    expect([code, stdout, stderr.split("\n")[0]]).toEqual([2, "", `certs-tool: error: ${problem}`]);
  });
});

describe("certs-tool token init", () => {
  it.each(["000", "077", "777"])("makes an issuer with private keys under umask %s", async (umask) => {
    const place = workplace();
    expect(await place.ok(init, { umask })).toMatch(
      /^created the token issuer spiffe:\/\/local\.test\/tokens in issuer\nnext: give issuer\/issuers\.json to the servers: .+\n$/,
    );
    const issuer = join(place.directory, "issuer");
    expect(readdirSync(issuer).sort()).toEqual(["issuers.json", "keys.json"]);
    expect([modeOf(issuer), modeOf(issuer, "keys.json"), modeOf(issuer, "issuers.json")]).toEqual([
      "700",
      "600",
      "644",
    ]);
    expect(read(place, "issuer", "issuers.json")).not.toContain('"d"');
  });

  it("changes nothing when it is there already, and refuses another name", async () => {
    const place = workplace();
    await place.ok(init);
    const before = read(place, "issuer", "keys.json");
    expect(await place.ok(init)).toBe(
      "the token issuer spiffe://local.test/tokens is in issuer already; nothing changed\n",
    );
    expect(read(place, "issuer", "keys.json")).toBe(before);
    const { code, stderr } = await place.run("token init --issuer issuer --name spiffe://local.test/other");
    expect([code, stderr]).toEqual([
      1,
      "certs-tool: error: the token issuer in issuer is spiffe://local.test/tokens, not spiffe://local.test/other\n" +
        "hint: choose another directory for spiffe://local.test/other\n",
    ]);
  });

  it("makes the public file again when it is gone", async () => {
    const place = await withIssuer();
    const before = read(place, "issuer", "issuers.json");
    writeFileSync(join(place.directory, "issuer", "issuers.json"), "{}");
    await place.ok(init);
    expect(read(place, "issuer", "issuers.json")).toBe(before);
  });
});

describe("certs-tool token issue", () => {
  it("prints a token, and nothing else", async () => {
    const place = await withIssuer();
    const stdout = await place.ok(`${issue} notes.v1.Notes/* --ttl 1h --once`);
    const [token] = inspectToken(stdout.trim(), new Date());
    expect(token?.claims).toMatchObject({
      iss: "spiffe://local.test/tokens",
      aud: "spiffe://local.test/greeter",
      sub: "spiffe://local.test/cli",
      scope: "notes.read notes.v1.Notes/*",
      once: true,
    });
    expect((token?.claims.exp ?? 0) - (token?.claims.iat ?? 0)).toBe(3_600);
  });

  it("writes it to a private file, and records it without its signature", async () => {
    const place = await withIssuer();
    expect(await place.ok(`${issue} --out cli.token`)).toMatch(
      /^issued a token to spiffe:\/\/local\.test\/cli for spiffe:\/\/local\.test\/greeter in cli\.token, valid until .+Z\nscope notes\.read\njti [\w-]{22}\n$/,
    );
    expect(modeOf(place.directory, "cli.token")).toBe("600");
    const token = read(place, "cli.token").trim();
    expect(modeOf(place.directory, "issuer", "issued.jsonl")).toBe("600");
    const [line = ""] = read(place, "issuer", "issued.jsonl").split("\n");
    expect(JSON.parse(line)).toMatchObject({
      jti: inspectToken(token, new Date())[0]?.claims.jti,
      scope: "notes.read",
    });
    for (const part of token.split(".")) expect(line).not.toContain(part);
  });

  it("takes the certificate alone as the holder", async () => {
    const place = await withIssuer();
    const json = JSON.parse(await place.ok(`${issue.replace("certs/cli", "certs/cli/cert.pem")} --json`));
    expect(json).toMatchObject({ sub: "spiffe://local.test/cli", scope: "notes.read", once: false });
  });

  it.each([
    [issue.replace("--issuer issuer", "--issuer none"), "there is no token issuer in none"],
    [issue.replace("certs/cli", "certs/nobody"), "certs/nobody does not exist"],
    [
      issue.replace("certs/cli", "issuer/issuers.json"),
      "issuer/issuers.json cannot be read: it contains no certificate",
    ],
    [issue.replace("certs/cli", "ca/ca.pem"), expect.stringContaining("ca/ca.pem: ")],
    [`${issue} --ttl 25h`, "a token cannot live for 90000000 ms"],
    [`${issue} notes.*`, '"notes.*" is not what a token can grant'],
    [`${issue} notes.read`, '"notes.read notes.read" is not what a token can grant'],
  ])("refuses: %s", async (line, problem) => {
    const { code, stdout, stderr } = await (await withIssuer()).run(line);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.split("\n")[0]?.slice("certs-tool: error: ".length)).toEqual(problem);
  });

  it("refuses keys that others can read", async () => {
    const place = await withIssuer();
    const { chmodSync } = await import("node:fs");
    chmodSync(join(place.directory, "issuer", "keys.json"), 0o644);
    expect((await place.run(issue)).stderr).toBe(
      "certs-tool: error: issuer/keys.json is open to other users (mode 0644)\nhint: run: chmod 600 issuer/keys.json\n",
    );
  });
});

describe("certs-tool token inspect", () => {
  it("shows what a token says, and those that it came from, but not the token", async () => {
    const place = await withIssuer();
    const parent = (await place.ok(issue)).trim();
    const ca = await openLocalCa(join(place.directory, "ca"));
    await issueCredentials(ca, "spiffe://local.test/web", join(place.directory, "certs/web"));
    const credentials = await loadCredentials(join(place.directory, "certs/cli"), { watch: false });
    const child = await delegateToken(parent, {
      key: credentials.current().svid.privateKey,
      holder: await readLeaf(join(place.directory, "certs/web")),
      scopes: ["notes.read"],
    });
    writeFileSync(join(place.directory, "web.token"), `${child}\n`);
    const stdout = await place.ok("token inspect web.token");
    expect(
      stdout.split("\n").map((line) => line.replace(/\d{4}-[^ ]+Z/g, "TIME").replace(/[\w-]{22,43}$/, "…")),
    ).toEqual([
      "token",
      "  issuer    spiffe://local.test/tokens",
      "  for       spiffe://local.test/greeter",
      "  holder    spiffe://local.test/cli",
      "  scope     notes.read",
      "  valid     TIME to TIME (valid)",
      "  uses      any number of calls",
      "  jti       …",
      "  bound to  …",
      "  signed by …",
      "delegated token 1",
      "  issuer    spiffe://local.test/cli",
      "  for       spiffe://local.test/greeter",
      "  holder    spiffe://local.test/web",
      "  scope     notes.read",
      "  valid     TIME to TIME (valid)",
      "  uses      any number of calls",
      "  jti       …",
      "  bound to  …",
      "  signed by …",
      "",
    ]);
    const { tokens } = JSON.parse(await place.ok("token inspect web.token --json"));
    expect(tokens.map(({ claims }: { claims: { sub: string } }) => claims.sub)).toEqual([
      "spiffe://local.test/cli",
      "spiffe://local.test/web",
    ]);
  });

  it("says what is wrong with what is no token", async () => {
    const place = workplace();
    writeFileSync(join(place.directory, "x"), "nonsense");
    expect((await place.run("token inspect x")).stderr).toBe(
      "certs-tool: error: the token is malformed: it is not a compact JWS\nhint: certs-tool token issue makes good ones\n",
    );
  });
});

describe("certs-tool token revoke", () => {
  it("makes an empty file, and adds to it", async () => {
    const place = await withIssuer();
    expect(await place.ok("token revoke --file revoked.json")).toBe("revoked.json names 0 tokens and 0 subjects\n");
    expect(modeOf(place.directory, "revoked.json")).toBe("644");
    await place.ok(`${issue} --out cli.token`);
    const jti = inspectToken(read(place, "cli.token").trim(), new Date())[0]?.claims.jti ?? "";
    expect(await place.ok("token revoke --file revoked.json --token cli.token --subject spiffe://local.test/web")).toBe(
      `revoked the token ${jti}\nrevoked what was issued to spiffe://local.test/web until now\nrevoked.json names 1 tokens and 1 subjects\n`,
    );
    await place.ok("token revoke --file revoked.json --jti 0123456789abcdef");
    const { tokens, subjects } = JSON.parse(read(place, "revoked.json"));
    expect(Object.keys(tokens)).toEqual([jti, "0123456789abcdef"]);
    expect(Object.keys(subjects)).toEqual(["spiffe://local.test/web"]);
  });

  it("refuses to lose what is in a file that it cannot read", async () => {
    const place = workplace();
    writeFileSync(join(place.directory, "revoked.json"), "{}");
    expect((await place.run("token revoke --file revoked.json --jti 0123456789abcdef")).stderr).toMatch(
      /^certs-tool: error: revoked\.json cannot be used: it has other fields than version, tokens and subjects\n/,
    );
    expect(read(place, "revoked.json")).toBe("{}");
    const { stderr } = await place.run("token revoke --file new.json --jti x");
    expect(stderr.split("\n")[0]).toBe('certs-tool: error: "x" is not the jti of a token');
  });

  it("loses nothing when two do it at once", async () => {
    const place = workplace();
    const ids = Array.from({ length: 4 }, (_, i) => `0123456789abcde${i}`);
    await Promise.all(ids.map((id) => place.ok(`token revoke --file revoked.json --jti ${id}`)));
    expect(Object.keys(JSON.parse(read(place, "revoked.json")).tokens).sort()).toEqual(ids);
  });
});

describe("certs-tool token rotate", () => {
  const kids = async (place: Workplace) => {
    const { keys } = JSON.parse(read(place, "issuer", "issuers.json"));
    return (keys as { x: string }[]).map(({ x }) => x);
  };

  it("lets the next key sign, keeps the last, and makes another next one", async () => {
    const place = await withIssuer();
    const [current, next] = await kids(place);
    expect(await place.ok("token rotate --issuer issuer")).toMatch(
      /^spiffe:\/\/local\.test\/tokens signs with [\w-]{43}; next will be [\w-]{43}\nnext: give issuer\/issuers\.json to the servers\n$/,
    );
    const [newCurrent, newNext, previous] = await kids(place);
    expect([newCurrent, previous]).toEqual([next, current]);
    expect([current, next]).not.toContain(newNext);
    expect(modeOf(place.directory, "issuer", "keys.json")).toBe("600");
  });

  it("forgets all keys when it is told to", async () => {
    const place = await withIssuer();
    const before = await kids(place);
    await place.ok("token rotate --issuer issuer --forget");
    const after = await kids(place);
    expect(after).toHaveLength(2);
    for (const key of before) expect(after).not.toContain(key);
  });
});
