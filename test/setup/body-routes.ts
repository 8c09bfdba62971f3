/** The part of a JSON schema that tests use, with references resolved. */
export interface Schema {
  type?: string;
  properties: Record<string, Schema>;
  items?: Schema;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
  format?: string;
  enum?: string[];
  example?: unknown;
}

export interface BodyRoute {
  /** `POST /api/medias` */
  name: string;
  method: string;
  /** With a value for each parameter. */
  path: string;
  schema: Schema;
}

type Raw = Omit<Schema, 'properties' | 'items'> & {
  $ref?: string;
  allOf?: Raw[];
  anyOf?: Raw[];
  properties?: Record<string, Raw>;
  items?: Raw;
};
interface Operation {
  requestBody?: { content: Record<string, { schema: Raw }> };
}
interface Contract {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Raw> };
}

export const readContract = async (origin: string): Promise<Contract> =>
  (await (await fetch(`${origin}/docs-json`)).json()) as Contract;

/** The routes with JSON bodies. */
export function bodiesOf({ paths, components }: Contract): BodyRoute[] {
  const follow = ({ $ref, allOf, anyOf, ...raw }: Raw): Schema => {
    if ($ref) return follow(components.schemas[$ref.split('/').at(-1)!]!);
    const parts = [...(allOf ?? []), ...(anyOf ?? []).slice(0, 1)].map(follow);
    const own = Object.entries(raw.properties ?? {}).map(([name, field]) => [name, follow(field)] as const);
    const { properties: _, items, ...rest } = raw;
    return {
      ...Object.assign({}, ...parts),
      ...rest,
      ...(items && { items: follow(items) }),
      properties: Object.assign({}, ...parts.map(({ properties }) => properties), Object.fromEntries(own)),
    };
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      if (!schema) return [];
      const name = `${method.toUpperCase()} ${path}`;
      return [{ name, method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, 'me'), schema: follow(schema) }];
    }),
  );
}
