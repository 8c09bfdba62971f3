import { expect, it } from 'vitest';
import { withoutSecrets } from './request-log.js';

it.each([
  ['/api/photos/a?t=1.2.secret', '/api/photos/a?t=…'],
  ['/api/photos/a?size=thumb&t=secret&v=1', '/api/photos/a?size=thumb&t=…&v=1'],
  ['/api/photos/a?t=x&t=secret', '/api/photos/a?t=…&t=…'],
  ['/api/users/me/export/archive?%74=secret', '/api/users/me/export/archive?t=…'],
  ['/api/users/ada/verify/123456', '/api/users/ada/verify/…'],
  ['/api/users/ada/%76erif%79/123456/', '/api/users/ada/verify/…/'],
  ['/api/users/search/50%25%20%C3%A9%2F%zz', '/api/users/search/50%25%20%C3%A9%2F%zz'],
])('%s is logged as %s', (url, logged) => {
  expect(withoutSecrets(url)).toBe(logged);
});
