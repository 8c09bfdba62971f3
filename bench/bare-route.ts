export interface BareRoute {
  databaseUrl: string;
  method: 'GET' | 'PUT' | 'POST';
  /** What the requests do in turn: statements with their values, where `random` is a new name each time. */
  turns: { text: string; values: unknown[] }[][];
  body: string;
  /** To the database. */
  connections: number;
}
export const random = '$random';
