// Serves a schema with rules of buf.validate in a process where @bufbuild/protovalidate is not installed, and prints what
// comes of it. Arguments: the directory of the built pinwire, the server's credentials, a socket.
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const loader = `export async function resolve(name, context, next) {
  if (name.startsWith("@bufbuild/protovalidate")) throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(loader)}`);

const [dist, credentials, socket] = process.argv.slice(2);
const { allow, createServer, loadCredentials } = await import(pathToFileURL(join(dist, "src/index.js")).href);
const { create, createFileRegistry } = await import("@bufbuild/protobuf");
const { FileDescriptorSetSchema, MessageOptionsSchema } = await import("@bufbuild/protobuf/wkt");

const served = async (options) => {
  const file = {
    name: "a.proto",
    package: "a",
    syntax: "proto3",
    messageType: [{ name: "M", options }],
    service: [{ name: "S", method: [{ name: "Do", inputType: ".a.M", outputType: ".a.M" }] }],
  };
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("a.S");
  const server = createServer({
    credentials: await loadCredentials(credentials),
    policy: [allow(service, "spiffe://local.test/cli")],
  });
  server.service(service, { do: () => ({}) });
  try {
    await server.listen(`unix:${socket}`);
    return "listens";
  } catch ({ name, code, message }) {
    return { name, code, message };
  } finally {
    await server.close();
  }
};

// An empty buf.validate.MessageRules, as a file without the package has it.
const rules = create(MessageOptionsSchema);
rules.$unknown = [{ no: 1159, wireType: 2, data: Uint8Array.of(0) }];
console.log(JSON.stringify({ without: await served(undefined), with: await served(rules) }));
