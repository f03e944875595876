// Finding the handlers in a file that somebody has been writing in.
import { describe, expect, it } from "vitest";
import { findHandlers } from "../../src/codegen/scaffold/handlers-object.js";

const names = (text: string) => findHandlers(text, "NotesImplementation")?.handlers.map(({ name }) => name);

describe("findHandlers", () => {
  it("finds handlers of every form", () => {
    expect(
      names(`export const notes: NotesImplementation = {
        read() {},
        async write(request) { return { text: "}" } },
        async *watch() { yield {}; },
        find: (request) => ({ a: 1, b: { c: 2 } }),
        "quoted": f,
        shorthand,
        get: handler,
        async: handler,
        get lazy() { return handler; },
        generic<T>(request: T) {},
        called: f<A, B>(1, 2),
        last,
      };`),
    ).toEqual([
      ...["read", "write", "watch", "find", "quoted", "shorthand", "get", "async", "lazy", "generic", "called", "last"],
    ]);
  });

  it("is not led astray by strings, templates, comments and regular expressions", () => {
    expect(
      names(`const decoy = ": NotesImplementation = { wrong() {} }"; // : NotesImplementation = { wrong() {} }
      /* : NotesImplementation = { wrong() {} } */
      const notes: NotesImplementation = {
        read() { return \`\${{ a: \`}\${"}"}\` }.a} } { \`; },
        // commented() {},
        write() { return /[}/{"]\\/}/.test("{") ? 1 / 2 : "}\\"" ; },
        find() { return ') } {'; }, /* hidden() {}, */
        last() { const half = (4) / 2; return half / 1; }
      };
      const other = { not() {} };`),
    ).toEqual(["read", "write", "find", "last"]);
  });

  it("knows a regular expression after the head of a statement from a division", () => {
    const text = `const notes: NotesImplementation = {
      read() { if (a) /}/.test("}"); for await (const x of y) /{/.test(x); return {}; },
      find() { return (a) / 2 + f(b) / 3; },
    };`;
    expect(names(text)).toEqual(["read", "find"]);
  });

  it("finds nothing in a text whose brackets do not belong together", () => {
    for (const stray of ["(", "]", "`${ `;", "{ ) }"]) {
      expect(names(`${stray} const notes: NotesImplementation = { read() {} };`)).toBeUndefined();
      expect(names(`const notes: NotesImplementation = { read() {} }; ${stray}`)).toBeUndefined();
    }
  });

  it("takes satisfies too, and sees what is spread", () => {
    const text = "export const notes = { read() {}, ...others } satisfies NotesImplementation;";
    expect(findHandlers(text, "NotesImplementation")).toMatchObject({ spreads: true, handlers: [{ name: "read" }] });
  });

  it("finds nothing where there is nothing", () => {
    for (const text of [
      "",
      "class Notes implements NotesImplementation { read() {} }",
      "let x: NotesImplementation;",
    ]) {
      expect(names(text)).toBeUndefined();
    }
    expect(names("const notes: NotesImplementation = {};")).toEqual([]);
  });

  it("comes to an end whatever the text", () => {
    for (const text of [
      "`${",
      `\`\${\`\${}`,
      "'",
      '"\\',
      "/",
      "/[",
      "/*",
      "}}}",
      "const notes: NotesImplementation = {",
      "\\",
    ]) {
      expect(names(text)).toBeUndefined();
    }
  });
});
