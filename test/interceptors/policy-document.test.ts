// The policy file: what gRFC A43 says means here what it says there, and what could only be a mistake is refused with its
// place.
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { parsePolicyDocument } from "../../src/interceptors/policy-document.js";
import { Policy } from "../../src/interceptors/policy-engine.js";
import { Metadata } from "../../src/rpc/metadata.js";
import { thrown } from "../helpers/thrown.js";

/** The example of A43, section "Example", with the same names. */
const example = {
  name: "example-policy",
  allow_rules: [
    {
      name: "admin-access",
      source: { principals: ["spiffe://foo.com/sa/admin1", "spiffe://foo.com/sa/admin2"] },
      request: { paths: ["/pkg.service/*"] },
    },
    {
      name: "dev-access",
      source: { principals: ["*", ""] },
      request: {
        paths: ["/pkg.service/foo", "/pkg.service/bar"],
        headers: [{ key: "dev-path", values: ["/dev/path/*"] }],
      },
    },
  ],
  deny_rules: [{ name: "deny-access", request: { paths: ["*/secret"] } }],
};

describe("a policy file that only denies", () => {
  it("is told how to say that it allows nothing", () => {
    expect(() => parsePolicyDocument('{"name": "p", "deny_rules": []}', "policy.json")).toThrow(
      expect.objectContaining({ hint: 'add "allow_rules": [], or the rules that allow something' }),
    );
  });
});

describe("the example of A43", () => {
  const cases: [peer: string, path: string, headers: Record<string, string>, allowed: boolean, rule?: string][] = [
    ["sa/admin1", "/pkg.service/foo", {}, true, "admin-access"],
    ["sa/admin2", "/pkg.service/whatever", {}, true, "admin-access"],
    ["sa/admin3", "/pkg.service/foo", {}, false],
    ["sa/admin1", "/pkg.service2/foo", {}, false],
    ["sa/dev", "/pkg.service/foo", { "dev-path": "/dev/path/x" }, true, "dev-access"],
    ["sa/dev", "/pkg.service/bar", { "dev-path": "/dev/path/" }, true, "dev-access"],
    ["sa/dev", "/pkg.service/foo", { "dev-path": "/dev/pat" }, false],
    ["sa/dev", "/pkg.service/foo", { "dev-path": "x/dev/path/" }, false],
    ["sa/dev", "/pkg.service/foo", {}, false],
    ["sa/dev", "/pkg.service/other", { "dev-path": "/dev/path/x" }, false],
    ["sa/admin1", "/pkg.service/secret", {}, false, "deny-access"],
    ["sa/dev", "/other.service/secret", { "dev-path": "/dev/path/x" }, false, "deny-access"],
    ["sa/admin1", "/pkg.service/secrets", {}, true, "admin-access"],
    ["sa/admin1", "/pkg.service/topsecret", {}, true, "admin-access"],
  ];
  for (const [peer, path, headers, allowed, rule] of cases) {
    it(`${allowed ? "allows" : "denies"} ${peer} ${path} ${JSON.stringify(headers)}`, () => {
      expect(decide(example, `spiffe://foo.com/${peer}`, path, headers)).toMatchObject({
        allowed,
        ...(rule === undefined ? { rule: undefined, because: "no_rule" } : { rule: { name: rule, source: "file" } }),
      });
    });
  }
});

describe("what A43 says of matching", () => {
  const rule = (parts: object) => ({ name: "p", allow_rules: [{ name: "r", ...parts }] });
  const path = "/pkg.Svc/Method";
  const peer = "spiffe://a.test/tools/x";

  it("an empty rule always matches", () => {
    for (const parts of [{}, { source: {} }, { request: {} }, { source: {}, request: {} }]) {
      expect(decide(rule(parts), peer, path).allowed).toBe(true);
    }
  });

  it("an empty rule in the deny list denies all, whatever the allow list says", () => {
    const policy = { ...rule({}), deny_rules: [{ name: "all" }] };
    expect(decide(policy, peer, path)).toMatchObject({ allowed: false, rule: { name: "all", effect: "deny" } });
  });

  it("no match in either list is a denial", () => {
    expect(decide(rule({ request: { paths: ["/pkg.Svc/Other"] } }), peer, path)).toMatchObject({ because: "no_rule" });
  });

  const patterns: [string, boolean][] = [
    ["spiffe://a.test/tools/x", true],
    ["spiffe://a.test/tools/X", false],
    ["spiffe://a.test/tools", false],
    ["spiffe://a.test/tools/x*", true],
    ["spiffe://a.test/tools/*", true],
    ["spiffe://a.test/tools/xy*", false],
    ["*/x", true],
    ["*x", true],
    ["*spiffe://a.test/tools/x", true],
    ["*/y", false],
    ["*", true],
  ];
  for (const [pattern, matches] of patterns) {
    it(`the principal ${pattern} ${matches ? "matches" : "does not match"} ${peer}`, () => {
      expect(decide(rule({ source: { principals: [pattern] } }), peer, path).allowed).toBe(matches);
    });
  }

  const paths: [string, boolean][] = [
    ["/pkg.Svc/Method", true],
    ["/pkg.svc/Method", false],
    ["/pkg.Svc/*", true],
    ["/pkg.Svc*", true],
    ["/pkg.SvcX/*", false],
    ["/*", true],
    ["*/Method", true],
    ["*Method", true],
    ["*.Svc/Method", true],
    ["*/method", false],
    ["*", true],
  ];
  for (const [pattern, matches] of paths) {
    it(`the path ${pattern} ${matches ? "matches" : "does not match"} ${path}`, () => {
      expect(decide(rule({ request: { paths: [pattern] } }), peer, path).allowed).toBe(matches);
    });
  }

  const headers: [values: string[], sent: string[], boolean][] = [
    [["abc"], ["abc"], true],
    [["abc"], ["abcd"], false],
    [["abc*"], ["abc"], true],
    [["abc*"], ["abcd"], true],
    [["*abc"], ["xabc"], true],
    [["*abc"], ["abcx"], false],
    [["*"], ["anything"], true],
    [["*"], [""], false],
    [["*"], [], false],
    [[""], [""], true],
    [[""], [], false],
    [["x", "abc"], ["abc"], true],
    [["a,b"], ["a", "b"], true],
    [["a"], ["a", "b"], false],
    [["a*"], ["a", "b"], true],
    [["*b"], ["a", "b"], true],
  ];
  for (const [values, sent, matches] of headers) {
    it(`the values ${JSON.stringify(values)} ${matches ? "match" : "do not match"} ${JSON.stringify(sent)}`, () => {
      const metadata = new Metadata();
      for (const value of sent) metadata.append("x-env", value);
      const policy = rule({ request: { headers: [{ key: "X-Env", values }] } });
      expect(decide(policy, peer, path, metadata).allowed).toBe(matches);
    });
  }

  it("all headers of a rule have to match, one of its values each", () => {
    const policy = rule({
      request: {
        headers: [
          { key: "a", values: ["1", "2"] },
          { key: "b", values: ["3"] },
        ],
      },
    });
    expect(decide(policy, peer, path, { a: "2", b: "3" }).allowed).toBe(true);
    expect(decide(policy, peer, path, { a: "2" }).allowed).toBe(false);
    expect(decide(policy, peer, path, { a: "2", b: "4" }).allowed).toBe(false);
  });
});

describe("a shadow list", () => {
  const policy = {
    name: "p",
    allow_rules: [{ name: "all", request: { paths: ["/a.A/*"] } }],
    shadow_deny_rules: [{ name: "no-delete", request: { paths: ["*/Delete"] } }],
    shadow_allow_rules: [{ name: "b-too", request: { paths: ["/a.B/*"] } }],
  };

  it("changes no decision, and says what it would change", () => {
    const peer = "spiffe://a.test/x";
    expect(decide(policy, peer, "/a.A/Read")).toMatchObject({ allowed: true, shadow: undefined });
    expect(decide(policy, peer, "/a.A/Delete")).toMatchObject({ allowed: true, shadow: { name: "no-delete" } });
    expect(decide(policy, peer, "/a.B/Read")).toMatchObject({ allowed: false, shadow: { name: "b-too" } });
    // Denied as it is, and denied by the two together.
    expect(decide(policy, peer, "/a.B/Delete")).toMatchObject({ allowed: false, shadow: undefined });
  });
});

describe("a bad policy is refused with its place:", () => {
  const good = '{"name": "p", "allow_rules": [{"name": "r"}]}';
  const inRule = (rule: string) => `{"name": "p", "allow_rules": [\n  {"name": "r", ${rule}}]}`;
  const principal = (text: string) => inRule(`"source": {"principals": [${text}]}`);
  const path = (text: string) => inRule(`"request": {"paths": [${text}]}`);
  const header = (key: string, values = '["x"]') =>
    inRule(`"request": {"headers": [{"key": ${key}, "values": ${values}}]}`);
  const paths = "policy.json:2:39: allow_rules[0].request.paths[0]: ";
  const principals = "policy.json:2:43: allow_rules[0].source.principals[0]: ";

  const bad: [what: string, text: string, problem: string][] = [
    ["nothing", "", "policy.json:1:1: it ends too early"],
    ["no JSON", "name: p", "policy.json:1:1: it is not JSON"],
    ["a comment", `${good} // x`, "policy.json:1:47: there is something after its end"],
    ["a file that was cut", good.slice(0, -1), 'policy.json:1:45: "}" is expected here'],
    ["a trailing comma", '{"name": "p",\n}', "policy.json:2:1: a text in double quotes is expected here"],
    ["a text without end", '{"name": "p', "policy.json:1:10: this text has no end, or holds what JSON wants escaped"],
    ["a key twice", '{"name": "p",\n "name": "q"}', 'policy.json:2:2: the key "name" occurs twice'],
    ["endless nesting", `{"name": ${"[".repeat(30)}`, "policy.json:1:26: it is nested more than 16 deep"],
    ["a list", "[]", "policy.json:1:1: the file: is not an object"],
    ["no name", '{"allow_rules": []}', 'policy.json:1:1: the file: has no "name"'],
    ["an empty name", '{"name": "", "allow_rules": []}', "policy.json:1:10: name: is empty"],
    ["no allow_rules", '{"name": "p"}', 'policy.json:1:1: the file: has no "allow_rules"'],
    ["an unknown field", '{"name": "p",\n "allow_rule": []}', 'policy.json:2:2: the file: unknown field "allow_rule"'],
    [
      "an unknown field of a rule",
      inRule('"sources": {}'),
      'policy.json:2:17: allow_rules[0]: unknown field "sources"',
    ],
    [
      "an unknown field of source",
      inRule('"source": {"namespaces": ["x"]}'),
      'policy.json:2:28: allow_rules[0].source: unknown field "namespaces"',
    ],
    [
      "an unknown field of request",
      inRule('"request": {"methods": ["x"]}'),
      'policy.json:2:29: allow_rules[0].request: unknown field "methods"',
    ],
    ["rules that are no list", '{"name": "p", "allow_rules": {}}', "policy.json:1:30: allow_rules: is not a list"],
    ["a rule without a name", '{"name": "p", "allow_rules": [{}]}', 'policy.json:1:31: allow_rules[0]: has no "name"'],
    [
      "two rules of one name",
      '{"name": "p", "allow_rules": [{"name": "r"}, {"name": "r"}]}',
      "policy.json:1:55: allow_rules[1].name: is the name of an earlier rule of this list",
    ],
    ["null", inRule('"source": null'), "policy.json:2:27: allow_rules[0].source: is not an object"],
    ["an empty principal", principal('""'), `${principals}is an empty principal; here every peer has a certificate`],
    [
      "an empty principal beside another",
      principal('"", "spiffe://a.test/x"'),
      `${principals}is an empty principal; here every peer has a certificate`,
    ],
    ["no principals", principal(""), "policy.json:2:42: allow_rules[0].source.principals: is empty"],
    ["a principal that is no text", principal("7"), `${principals}is not a text`],
    [
      "a name of DNS",
      principal('"greeter.local"'),
      `${principals}"greeter.local" is not a SPIFFE ID: it does not start with spiffe://`,
    ],
    [
      "a SPIFFE ID in capitals",
      principal('"spiffe://Local.test/x"'),
      `${principals}"spiffe://Local.test/x" is not a SPIFFE ID: its trust domain is not in lower case`,
    ],
    ["a prefix of no SPIFFE ID", principal('"local.test/*"'), `${principals}"local.test/*" matches no SPIFFE ID`],
    ["a suffix of no SPIFFE ID", principal('"*/x y"'), `${principals}"*/x y" matches no SPIFFE ID`],
    [
      "a star in the middle",
      principal('"spiffe://*/x"'),
      `${principals}"spiffe://*/x" has a star where A43 knows none`,
    ],
    ["a path without a slash", path('"pkg.Svc/Method"'), `${paths}"pkg.Svc/Method" does not begin with a slash`],
    ["a prefix without a slash", path('"pkg.Svc*"'), `${paths}"pkg.Svc*" does not begin with a slash`],
    ["an empty path", path('""'), `${paths}"" does not begin with a slash`],
    ["a service for a path", path('"/pkg.Svc"'), `${paths}"/pkg.Svc" is the path of no call`],
    ["a service with a slash for a path", path('"/pkg.Svc/"'), `${paths}"/pkg.Svc/" is the path of no call`],
    ["a path with three parts", path('"/pkg.Svc/A/B"'), `${paths}"/pkg.Svc/A/B" is the path of no call`],
    ["a prefix with three parts", path('"/pkg.Svc/A/*"'), `${paths}"/pkg.Svc/A/*" is the path of no call`],
    ["a prefix with a space", path('"/pkg Svc/*"'), `${paths}"/pkg Svc/*" is the path of no call`],
    ["a suffix that ends in a slash", path('"*/Svc/"'), `${paths}"*/Svc/" is the path of no call`],
    ["two stars", path('"*Svc*"'), `${paths}"*Svc*" has a star where A43 knows none`],
    ["no paths", path(""), "policy.json:2:38: allow_rules[0].request.paths: is empty"],
    [
      "a header without a key",
      inRule('"request": {"headers": [{"values": ["x"]}]}'),
      'policy.json:2:41: allow_rules[0].request.headers[0]: has no "key"',
    ],
    [
      "a header without values",
      inRule('"request": {"headers": [{"key": "x"}]}'),
      'policy.json:2:41: allow_rules[0].request.headers[0]: has no "values"',
    ],
    [
      "an empty list of values",
      header('"x"', "[]"),
      "policy.json:2:64: allow_rules[0].request.headers[0].values: is empty",
    ],
    [
      "a value that no header can have",
      header('"x"', '["é"]'),
      "policy.json:2:65: allow_rules[0].request.headers[0].values[0]: holds what no header can",
    ],
    ...[
      "host",
      "Host",
      ":path",
      ":method",
      "grpc-timeout",
      "Grpc-Encoding",
      "connection",
      "keep-alive",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade",
      "proxy-authorization",
      "proxy-authenticate",
    ].map((key): [string, string, string] => [
      `the header ${key}`,
      header(JSON.stringify(key)),
      `policy.json:2:49: allow_rules[0].request.headers[0].key: A43 does not let a rule match "${key}"`,
    ]),
    [
      "a header that is dropped",
      header('"user-agent"'),
      'policy.json:2:49: allow_rules[0].request.headers[0].key: "user-agent" is not metadata, so no rule sees it',
    ],
    [
      "a binary header",
      header('"x-bin"'),
      'policy.json:2:49: allow_rules[0].request.headers[0].key: "x-bin" holds bytes, and rules match text',
    ],
    [
      "a header that is none",
      header('"x y"'),
      'policy.json:2:49: allow_rules[0].request.headers[0].key: "x y" is not the name of a header',
    ],
  ];
  for (const [what, text, problem] of bad) {
    it(what, () => {
      const error = thrown(ConfigError, () => parsePolicyDocument(text, "policy.json"));
      expect(error).toMatchObject({ code: "ERR_POLICY_INVALID", problem });
      expect(error.hint).toMatch(/^(?:write|add|leave|give|correct|a rule has|a header has|A43 knows|match|name)/);
    });
  }

  it("also in the other lists", () => {
    for (const list of ["deny_rules", "shadow_deny_rules", "shadow_allow_rules"]) {
      const text = `{"name": "p", "allow_rules": [], "${list}": [{"name": "r", "request": {"paths": ["x"]}}]}`;
      expect(thrown(ConfigError, () => parsePolicyDocument(text, "p"))).toMatchObject({
        problem: expect.stringContaining(`${list}[0].request.paths[0]: "x" does not begin with a slash`),
      });
    }
  });

  it("when it is too large to decide quickly", () => {
    const many = (text: (i: number) => string) => Array.from({ length: 600 }, (_, i) => text(i));
    const source = { principals: many((i) => `spiffe://a.test/${i}`) };
    const request = { paths: many((i) => `/a.B/M${i}`) };
    const policy = { name: "p", allow_rules: [{ name: "r", source, request }] };
    expect(thrown(ConfigError, () => decide(policy, "spiffe://a.test/1", "/a.B/M1"))).toMatchObject({
      code: "ERR_POLICY_INVALID",
      problem: "the policy has more than 250000 pairs of principal and path, at allow_rules[0]",
    });
  });
});

function decide(policy: object, peer: string, path: string, headers: Record<string, string> | Metadata = {}) {
  const { rules } = parsePolicyDocument(JSON.stringify(policy), "policy.json");
  const requestMetadata = headers instanceof Metadata ? headers : Metadata.from(headers);
  return new Policy(rules).decide({ peer: SpiffeId.parse(peer), path }, { requestMetadata });
}
