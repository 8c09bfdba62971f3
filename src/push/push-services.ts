/**
 * Push services of browsers. Others are refused: whoever subscribes chooses the address, and the server must not be
 * made to call any.
 */
const known = [
  /^fcm\.googleapis\.com$/,
  /^(?:[a-z0-9-]+\.)*push\.services\.mozilla\.com$/,
  /^(?:[a-z0-9-]+\.)*notify\.windows\.com$/,
  /^(?:[a-z0-9-]+\.)*push\.apple\.com$/,
];

/** @param more hosts, with a port where it is not 443, that the operator allows */
export function isPushService(endpoint: string, more: readonly string[]): boolean {
  const { protocol, host, hostname, port, username, password } = new URL(endpoint);
  if (protocol !== 'https:' || username || password) return false;
  return more.includes(host) || (port === '' && known.some((name) => name.test(hostname)));
}
