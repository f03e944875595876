import { readLeaf } from "../../src/credentials/read-leaf.js";
import { writeFileAtomically } from "../../src/files/atomic-write.js";
import { TokenIssuer } from "../../src/tokens/token-issuer.js";
import { defineCommand } from "../command.js";
import { parseDuration } from "../duration.js";
import { formatTime } from "../output.js";
import { parseSpiffeId } from "../parse-name.js";

export const tokenIssueCommand = defineCommand({
  name: "token issue",
  summary: "issue a capability token to the holder of a certificate",
  usage: "SCOPE… --issuer DIR --holder DIR|FILE --audience SPIFFE_ID [--ttl 15m] [--once] [--out FILE]",
  examples: [
    [
      "let cli read and erase notes for 15 minutes",
      "certs-tool token issue notes.read notes.erase --issuer token-issuer --holder certs/cli --audience spiffe://local.test/notes",
    ],
    [
      "into a file, as from a timer, for tokenFile()",
      "certs-tool token issue 'notes.v1.Notes/*' --issuer token-issuer --holder certs/cli --audience spiffe://local.test/notes --ttl 1h --out cli.token",
    ],
  ],
  operands: { name: "SCOPE", min: 1, max: 64 },
  options: {
    issuer: { kind: "required", value: "DIR", help: "the directory that certs-tool token init made" },
    holder: { kind: "required", value: "DIR|FILE", help: "the holder's credentials, or its certificate alone" },
    audience: { kind: "required", value: "SPIFFE_ID", help: "the one server that takes it" },
    ttl: { kind: "value", value: "TIME", help: "how long it lives, 1s to 24h (default: 15m)" },
    once: { kind: "flag", value: "", help: "good for one call; the server needs the replay option" },
    out: { kind: "value", value: "FILE", help: "write it there with mode 0600, replacing the file" },
  },
  notes: [
    "A scope is a name (notes.read), a method (notes.v1.Notes/Read) or all methods of a service (notes.v1.Notes/*). What a method asks for is in its schema: required_scopes.",
    "The token is bound to the holder's key: it survives a renewal of the certificate with the same key, and is worth nothing with another.",
    "It is recorded in issued.jsonl of the issuer, without its signature, before it is printed.",
  ],
  async run({ operands: scopes, options }, { now }) {
    const audience = parseSpiffeId(options.audience);
    const ttl = options.ttl === undefined ? {} : { lifetimeMs: parseDuration(options.ttl, "--ttl") };
    const holder = await readLeaf(options.holder);
    const issuer = await TokenIssuer.open(options.issuer, { now });
    const { token, claims } = await issuer.issue({ holder, audience, scopes, once: options.once, ...ttl });
    const { out } = options;
    if (out !== undefined) await writeFileAtomically(out, `${token}\n`, { mode: 0o600, overwrite: true });
    const { jti, sub, aud, scope, exp } = claims;
    const until = formatTime(new Date(exp * 1_000));
    const what = { jti, sub, aud, scope, exp, once: options.once };
    if (out === undefined) return { json: { token, ...what }, lines: [token] };
    return {
      json: { file: out, ...what },
      lines: [`issued a token to ${sub} for ${aud} in ${out}, valid until ${until}`, `scope ${scope}`, `jti ${jti}`],
    };
  },
});
