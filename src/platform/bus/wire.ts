export const WIRE = Symbol('wire');

/** What the bus runs on. */
export interface Wire {
  /** @param text at most 7,900 bytes */
  send(text: string): Promise<void>;
  /**
   * From now on, reconnecting by itself.
   * @param onOpen called for each connection, because messages before it may have been missed
   */
  listen(onText: (text: string) => void, onOpen: () => void): void;
  close(): Promise<void>;
}
