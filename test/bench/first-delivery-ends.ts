/** What the verifier calls, as cheap as can be, in a process of its own. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;

function answer(action: string, input: Readonly<Record<string, unknown>>): readonly [number, object] {
  switch (action) {
    case 'GetSecretValue': {
      if (input['VersionStage'] !== 'AWSCURRENT') return [400, { __type: 'ResourceNotFoundException' }];
      const SecretString = input['SecretId'] === 'token' ? 'a'.repeat(86) : SECRET;
      return [200, { SecretString, CreatedDate: 1.7e9, VersionStages: ['AWSCURRENT'] }];
    }
    case 'PutEvents':
      if ((input['Entries'] as unknown[]).length === 0) return [400, { __type: 'ValidationException' }];
      return [200, { FailedEntryCount: 0, Entries: [{ EventId: '1' }] }];
    case 'UpdateItem':
      return [200, { Attributes: { attempts: { N: '1' } } }];
    default:
      return [200, {}];
  }
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
  const [status, body] = answer(action, JSON.parse(Buffer.concat(chunks).toString() || '{}'));
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
