/** What is invalid, each fault with the value and what to do. */
export class ConfigurationError extends Error {
  constructor(what: string, faults: readonly string[]) {
    super(`Invalid ${what}:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}
