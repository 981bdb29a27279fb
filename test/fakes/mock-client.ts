/** `mockClient` until the end of the file that calls it: test files share their modules, and with them the classes that it mocks. */
import { mockClient as mockUntilRestored } from 'aws-sdk-client-mock';
import { afterAll } from 'vitest';

export const mockClient: typeof mockUntilRestored = (client) => {
  const mock = mockUntilRestored(client);
  afterAll(() => mock.restore());
  return mock;
};
