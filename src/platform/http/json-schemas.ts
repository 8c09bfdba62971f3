import type { StandardSchemaConverter } from '@nestjs/swagger';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Formats that fully express their pattern, and that tools know. */
const known = new Set(['date', 'date-time', 'email', 'uri', 'uuid']);
/** Needs the flag `u`, which JSON Schema cannot express: without it the pattern means something else. */
const needsFlag = /\\[pPu]\{/;

/** `override` of `z.toJSONSchema`. */
export function simplified({ jsonSchema: schema }: { jsonSchema: JsonSchema }): void {
  if (schema.pattern && (known.has(schema.format ?? '') || needsFlag.test(schema.pattern))) delete schema.pattern;
  // The limits of JSON numbers are noise.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/**
 * Generators treat a field with a `default` as always present. In request schemas the default moves to the description.
 */
function describeDefaults({ properties = {} }: JsonSchema): void {
  for (const field of Object.values(properties) as JsonSchema[]) {
    const { default: value, description } = field;
    if (value === undefined) continue;
    delete field.default;
    const sentence = isEmpty(value) ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\` if left out`;
    const text = [description?.replace(/\.$/, ''), sentence].filter(Boolean).join('. ');
    if (text) field.description = text;
  }
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);

/** Converts zod schemas to JSON Schema 2020-12, for OpenAPI 3.1, and records which bodies are optional. */
export class JsonSchemas {
  /** Names of schemas that also accept an empty body. */
  readonly optional = new Set<string>();
  private readonly written = new Map<string, string>();

  readonly convert: StandardSchemaConverter = (schema, { schemaType }) => {
    if (!(schema instanceof z.ZodType)) return undefined;
    const { $defs = {}, $schema: _, ...json } = z.toJSONSchema(schema, { io: schemaType, override: simplified });
    if (schemaType === 'input') {
      for (const [name, definition] of Object.entries($defs)) {
        if (definition.default !== undefined) this.optional.add(name);
        delete definition.default;
        describeDefaults(definition);
      }
    }
    for (const [name, definition] of Object.entries($defs)) this.refuseSecond(name, definition);
    return { schema: json, components: $defs };
  };

  /**
   * The same name for two shapes, such as a schema that is both sent and answered: one would silently replace the
   * other.
   */
  private refuseSecond(name: string, definition: JsonSchema): void {
    const text = JSON.stringify(definition);
    const first = this.written.get(name) ?? text;
    if (first !== text) throw new Error(`Two schemas have the name ${name}:\n${first}\n${text}`);
    this.written.set(name, text);
  }
}
