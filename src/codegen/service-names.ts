import type { DescService } from "@bufbuild/protobuf";

/** What the generated code of one service is called. */
export interface ServiceNames {
  /** `GreeterClient` */
  readonly client: string;
  /** `createGreeterClient` */
  readonly createClient: string;
  /** `GreeterImplementation` */
  readonly implementation: string;
  /** `registerGreeter` */
  readonly register: string;
  /** `greeterMethods` */
  readonly methods: string;
}

/**
 * Names for the services of one file. The suffix `Service` goes, as it would only be repeated in each name, but it stays where
 * the shorter names belong to another service. Services whose own name has no suffix choose first, so that the order in the
 * file decides nothing.
 */
export function serviceNames(services: readonly DescService[]): ReadonlyMap<DescService, ServiceNames> {
  const taken = new Set<string>();
  // In the order of the file; the names come afterwards.
  const names = new Map(services.map((service) => [service, namesFor(service.name)]));
  const bare = (service: DescService) => capitalized(service.name.replace(/(?<=.)Service$/, ""));
  const keepsName = (service: DescService) => bare(service) === service.name;
  for (const service of [...services.filter(keepsName), ...services.filter((each) => !keepsName(each))]) {
    for (const stem of stems(bare(service), capitalized(service.name))) {
      const candidate = namesFor(stem);
      if (Object.values(candidate).some((name) => taken.has(name))) continue;
      for (const name of Object.values(candidate)) taken.add(name);
      names.set(service, candidate);
      break;
    }
  }
  return names;
}

/** After the two sensible ones, with a sign that no name in a `.proto` can have. */
function* stems(bare: string, full: string): Generator<string> {
  yield bare;
  yield full;
  for (let i = 1; ; i++) yield `${full}$${i}`;
}

function namesFor(stem: string): ServiceNames {
  return {
    client: `${stem}Client`,
    createClient: `create${stem}Client`,
    implementation: `${stem}Implementation`,
    register: `register${stem}`,
    methods: `${stem.charAt(0).toLowerCase()}${stem.slice(1)}Methods`,
  };
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
