import type { StandardSchemaConverter } from '@nestjs/swagger';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Says all that its pattern says, in one word that programs know. */
const known = new Set(['date', 'date-time', 'email', 'uri', 'uuid']);
/** Only with the flag `u`, which JSON Schema has no place for: without it they mean something else. */
const needsFlag = /\\[pPu]\{/;

/** `override` of `z.toJSONSchema`. */
export function simplified({ jsonSchema: schema }: { jsonSchema: JsonSchema }): void {
  if (schema.pattern && (known.has(schema.format ?? '') || needsFlag.test(schema.pattern))) delete schema.pattern;
  // The bounds of what JSON can carry are nobody's business.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** A generator takes a field with a `default` for one that is always there: in what is sent, only people are told. */
function tellDefaults({ properties = {} }: JsonSchema): void {
  for (const field of Object.values(properties) as JsonSchema[]) {
    const { default: value, description } = field;
    if (value === undefined) continue;
    delete field.default;
    const sentence = isEmpty(value) ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\` if left out`;
    const told = [description?.replace(/\.$/, ''), sentence].filter(Boolean).join('. ');
    if (told) field.description = told;
  }
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);

/** Turns zod schemas into JSON Schema 2020-12, as OpenAPI 3.1 has it, and remembers which bodies can be left out. */
export class JsonSchemas {
  /** Names of schemas that also take no body at all. */
  readonly optional = new Set<string>();
  private readonly written = new Map<string, string>();

  readonly convert: StandardSchemaConverter = (schema, { schemaType }) => {
    if (!(schema instanceof z.ZodType)) return undefined;
    const { $defs = {}, $schema: _, ...json } = z.toJSONSchema(schema, { io: schemaType, override: simplified });
    if (schemaType === 'input') {
      for (const [name, definition] of Object.entries($defs)) {
        if (definition.default !== undefined) this.optional.add(name);
        delete definition.default;
        tellDefaults(definition);
      }
    }
    for (const [name, definition] of Object.entries($defs)) this.refuseSecond(name, definition);
    return { schema: json, components: $defs };
  };

  /** One name for two shapes, as of something that is both sent and answered: the later would take the place of the other. */
  private refuseSecond(name: string, definition: JsonSchema): void {
    const text = JSON.stringify(definition);
    const first = this.written.get(name) ?? text;
    if (first !== text) throw new Error(`Two schemas are called ${name}:\n${first}\n${text}`);
    this.written.set(name, text);
  }
}
