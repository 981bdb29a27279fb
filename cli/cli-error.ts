/** What a person reads in the place of a stack trace: what is wrong, and what to do. */

/** 1: something is not as it should be. 2: the command was not understood. 3: the deployment cannot be reached. */
export type ExitCode = 1 | 2 | 3;

export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
