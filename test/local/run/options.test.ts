import { expect, it } from 'vitest';
import { parseOptions } from '../../../local/run/options.ts';

const GEMINI = ['--gemini-url', 'http://127.0.0.1:1', '--jwks-url', 'http://127.0.0.1:1/jwks', '--api-key', 'k'];

it.each([
  [[], { mode: 'demo', port: 3000, stateDir: '.local', gemini: undefined }],
  [['--once'], { mode: 'once' }],
  [['--rotate'], { mode: 'rotate' }],
  [['--reconcile'], { mode: 'reconcile' }],
  [['--serve', '--port', '0', '--state-dir', 'x'], { mode: 'serve', port: 0, stateDir: 'x' }],
  [GEMINI, { mode: 'serve', gemini: { url: 'http://127.0.0.1:1', jwksUrl: 'http://127.0.0.1:1/jwks', apiKey: 'k' } }],
  [[...GEMINI, '--register'], { mode: 'serve', register: true }],
  [['--assembly', 'cdk.out'], { mode: 'demo', assemblyDir: 'cdk.out', register: false }],
  [['--help', '--port', 'x'], { mode: 'help' }],
])('understands %j', (args, options) => {
  expect(parseOptions(args)).toMatchObject(options);
});

it.each([
  [['--port', '70000'], '--port is "70000"; give a number from 0 to 65535'],
  [['--port', 'http'], '--port is "http"'],
  [['--once', '--serve'], '--once, --rotate, --reconcile and --serve exclude each other'],
  [['--rotate', '--reconcile'], 'exclude each other'],
  [['--once', ...GEMINI], '--once needs the simulator'],
  [['--rotate', ...GEMINI], '--rotate needs the simulator'],
  [['--reconcile', ...GEMINI], '--reconcile needs the simulator'],
  [['--gemini-url', 'http://x'], '--gemini-url, --jwks-url and --api-key belong together'],
  [
    [...GEMINI.slice(0, 2), '--jwks-url', 'file:///x', '--api-key', 'k'],
    '--jwks-url is "file:///x"; give an http or https URL',
  ],
  [['--ports', '1'], "Unknown option '--ports'"],
  [['demo'], "Unexpected argument 'demo'"],
  [['--constructor'], "Unknown option '--constructor'"],
  [['--port'], "Option '--port <value>' argument missing"],
  [['--once=yes'], "Option '--once' does not take an argument"],
  [['--register'], '--register is about another Gemini'],
  [['--assembly='], '--assembly is empty; give the folder'],
  [['--state-dir='], '--state-dir is empty; give a folder, or leave it out for .local'],
])('refuses %j, and says what to do', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

it('reports every unknown argument, and the faults of the known ones with them', () => {
  expect(() => parseOptions(['--ports', '-x', 'demo', '--port', 'y'])).toThrow(
    /^- Unknown option '--ports'\n- Unknown option '-x'\n- Unexpected argument 'demo'; leave it out\n- --port is "y"; .*\nSee/,
  );
});

it('says every fault at once', () => {
  expect(() => parseOptions(['--port', 'x', '--once', '--serve', '--api-key', ''])).toThrow(
    /--port.*\n.*exclude.*\n.*needs the simulator.*\n.*belong together.*\n.*--api-key is empty.*\nSee npm start -- --help/,
  );
});
