import { shellWord } from "../../files/file-modes.js";
import { defineCommand } from "../command.js";
import { createProject } from "../creating/create-project.js";
import { projectNames } from "../creating/project-names.js";
import { exitCode } from "../exit-code.js";

export const newCommand = defineCommand({
  name: "new",
  summary: "write a complete project: schema, server, client, test",
  usage: "DIR [--service NAME] [--pinwire SPEC]",
  examples: [
    ["a project that builds and whose tests pass", "pinwire new demo && cd demo && npm install && npm test"],
    ["with a service of another name", "pinwire new notes --service Notes"],
  ],
  operands: { name: "DIR", min: 1, max: 1 },
  options: {
    service: { kind: "value", value: "NAME", help: "a capital, then letters and digits; Greeter if left out" },
    pinwire: {
      kind: "value",
      value: "SPEC",
      help: "what package.json says for pinwire: a version, file:/path/to.tgz, …",
    },
  },
  notes: [
    "DIR must not exist, or be empty (a .git may be there). Nothing is ever overwritten.",
    "Without --pinwire the project depends on the pinwire that makes it: on its version, on the .tgz file it was installed from, or, when it is a checkout, on a .tgz file of it in DIR.",
    "docs/getting-started.md goes on from there.",
  ],
  async run({ operands: [dir = ""], options }, { output }) {
    const names = projectNames(dir, options.service ?? "Greeter");
    const { files, pinwire } = await createProject(dir, names, options.pinwire);
    output.result({ directory: dir, project: names.project, service: `${names.service}Service`, files, pinwire }, [
      `wrote ${names.project}, with the service ${names.lower}.v1.${names.service}Service: ${files.length} files in ${dir}`,
      `it depends on pinwire ${pinwire}`,
      `next: cd ${shellWord(dir)} && npm install && npm test`,
    ]);
    return exitCode.ok;
  },
});
