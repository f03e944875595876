import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GreeterService } from "../../src/gen/hello/v1/greeter_pb.js";
import { SpiffeId } from "../../src/identity/spiffe-id.js";
import { allow, deny, type PolicyRule } from "../../src/interceptors/policy.js";
import { codeRules } from "../../src/interceptors/policy-code.js";
import { Policy } from "../../src/interceptors/policy-engine.js";
import { checkPolicyOptions } from "../../src/interceptors/policy-options.js";
import { isMethodPath, methodPath } from "../../src/rpc/method-path.js";

const cli = SpiffeId.parse("spiffe://local.test/cli");
const gui = SpiffeId.parse("spiffe://local.test/gui");
const service = GreeterService.typeName;
const { sayHello, chat } = GreeterService.method;

describe("a policy", () => {
  it("denies what no rule allows", () => {
    const policy = policyOf([allow(sayHello, cli)]);
    expect(policy.permits(cli, `/${service}/SayHello`)).toBe(true);
    expect(policy.permits(gui, `/${service}/SayHello`)).toBe(false);
    expect(policy.permits(cli, `/${service}/Chat`)).toBe(false);
    expect(policy.permits(cli, "/other.Service/SayHello")).toBe(false);
  });

  it("allows a service with all its methods, and no other whose name begins alike", () => {
    const policy = policyOf([allow(GreeterService, cli)]);
    for (const { name } of GreeterService.methods) expect(policy.permits(cli, `/${service}/${name}`)).toBe(true);
    for (const other of [`${service}X`, service.slice(0, -1), service.toLowerCase(), "hello.v1", "v1.GreeterService"]) {
      expect(policy.permits(cli, `/${other}/SayHello`)).toBe(false);
    }
  });

  it("lets a denial go before every permission, whatever their order", () => {
    for (const rules of [
      [allow(GreeterService, cli, gui), deny(chat, cli)],
      [deny(chat, cli), allow(GreeterService, cli, gui)],
      [allow(chat, cli), deny(GreeterService, cli), allow(GreeterService, gui)],
    ]) {
      const policy = policyOf(rules);
      expect(policy.permits(cli, `/${service}/Chat`)).toBe(false);
      expect(policy.permits(gui, `/${service}/Chat`)).toBe(true);
    }
  });

  it("takes no list where one ID belongs: in a denial it would deny nobody", () => {
    for (const rule of [allow, deny]) {
      expect(() => rule(chat, [cli.toString()] as never)).toThrowError(
        expect.objectContaining({ code: "ERR_NO_POLICY" }),
      );
    }
  });

  it("takes services and methods as generated, not their names", () => {
    for (const rule of [allow, deny]) {
      for (const target of ["hello.v1.GreeterService", undefined, {}]) {
        expect(() => rule(target as never, cli)).toThrowError(
          expect.objectContaining({
            code: "ERR_INVALID_OPTION",
            message: expect.stringContaining("take a service or a method of it, as generated: GreeterService"),
          }),
        );
      }
    }
  });

  it("must allow something", () => {
    expect(() => checkPolicyOptions({ policy: [] })).toThrowError(expect.objectContaining({ code: "ERR_NO_POLICY" }));
    expect(() => checkPolicyOptions({ policy: [deny(chat, cli)] })).toThrowError(
      expect.objectContaining({ code: "ERR_NO_POLICY" }),
    );
  });

  it("decides as one who reads the rules one by one", () => {
    const targets = [GreeterService, sayHello, chat];
    const rule = fc.record({
      effect: fc.constantFrom(allow, deny),
      target: fc.constantFrom(...targets),
      principals: fc.uniqueArray(fc.constantFrom(cli, gui), { minLength: 1 }),
    });
    const property = fc.property(fc.array(rule, { maxLength: 8 }), (drawn) => {
      const rules = [
        allow(sayHello, "spiffe://local.test/nobody"),
        ...drawn.map((r) => r.effect(r.target, ...r.principals)),
      ];
      const policy = policyOf(rules);
      for (const id of [cli, gui]) {
        for (const { name } of GreeterService.methods) {
          expect(policy.permits(id, `/${service}/${name}`)).toBe(naive(rules, id, name));
        }
      }
    });
    fc.assert(property);
  });
});

describe("a path", () => {
  it("is read in exactly one way", () => {
    for (const method of GreeterService.methods) {
      expect(isMethodPath(methodPath(method))).toBe(true);
    }
    for (const wrong of [
      "",
      "/",
      "//",
      "/a",
      "a/b",
      "/a/b/",
      "/a/b/c",
      "/a//b",
      "/a/b?c",
      "/a b/c",
      "/a/%62",
      "/1a/b",
      "/a./b",
      "/.a/b",
      "/a/b\n",
    ]) {
      expect(isMethodPath(wrong), wrong).toBe(false);
    }
  });
});

function policyOf(rules: readonly PolicyRule[]): Policy {
  return new Policy(codeRules(rules));
}

function naive(rules: readonly PolicyRule[], id: SpiffeId, method: string): boolean {
  const applies = ({ target, principals }: PolicyRule) =>
    (target === service || target === `${service}/${method}`) && principals.some((principal) => principal.equals(id));
  if (rules.some((each) => each.effect === "deny" && applies(each))) return false;
  return rules.some((each) => each.effect === "allow" && applies(each));
}
