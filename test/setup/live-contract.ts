import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Json } from './client.js';

/** Validates what sockets say against the published document, in which no object has more fields than it names. */
export class LiveContract {
  private readonly ajv = formats.default(new Ajv({ strict: false, allErrors: true }));
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: Json) {
    this.ajv.addSchema({ $id: 'document', components: document.components });
  }

  /** @returns what is wrong with an event; null if nothing */
  fault(name: string, payload: Json): string | null {
    return this.mismatch(keyOf(name), payload);
  }

  /** @returns what is wrong with the acknowledgement of a command */
  faultOfAnswer(command: string, answer: Json): string | null {
    return this.mismatch(answer?.error ? 'error' : `${keyOf(command)}_done`, answer);
  }

  private mismatch(key: string, payload: Json): string | null {
    if (!this.document.components.messages[key]) return `${key} is not declared: ${shortly(payload)}`;
    let validate = this.validators.get(key);
    if (!validate) {
      validate = this.ajv.compile({ $ref: `document#/components/messages/${key}/payload` });
      this.validators.set(key, validate);
    }
    return validate(payload) ? null : `${key}: ${this.ajv.errorsText(validate.errors)} in ${shortly(payload)}`;
  }
}

/** Keys of components have no dots. */
const keyOf = (name: string) => name.replaceAll('.', '_');
const shortly = (payload: Json) => JSON.stringify(payload)?.slice(0, 400);

const contracts = new Map<string, Promise<LiveContract>>();

/** The contract of a running Vitrine. Asked again until it answers: tests end processes. */
export function liveContractOf(origin: string): Promise<LiveContract> {
  let contract = contracts.get(origin);
  if (!contract) {
    contract = fetch(`${origin}/asyncapi.json`)
      .then((answer) => answer.json())
      .then((document) => new LiveContract(document));
    contracts.set(origin, contract);
    contract.catch(() => contracts.delete(origin));
  }
  return contract;
}
