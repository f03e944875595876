/** The parts of a package.json that matter here. */
export interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const runtimePackages = ["@bufbuild/protobuf"];
const toolPackages = [
  "@bufbuild/buf",
  "@bufbuild/protoc-gen-es",
  "@bufbuild/protoplugin",
  "@types/node",
  "typescript",
] as const;

/**
 * The package.json of a new project: that of the template, with the versions of other packages that this pinwire is built
 * and tested with.
 */
export function projectManifest(template: string, name: string, own: Manifest, pinwire: string): string {
  const manifest = JSON.parse(template);
  manifest.name = name;
  manifest.dependencies = { ...pick(own.dependencies, runtimePackages), pinwire };
  manifest.devDependencies = pick(own.devDependencies, toolPackages);
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function pick(versions: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const version = versions[name];
      if (version === undefined) throw new Error(`package.json does not name ${name}`);
      return [name, version];
    }),
  );
}
