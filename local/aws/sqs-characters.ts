/**
 * SQS takes every character that XML does; the emulator's pattern has no `u` flag and refuses those beyond U+FFFF.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
import { LocalRunError } from '../shared/local-run-error.ts';

const INVALID = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** @throws LocalRunError when the emulator is not the version that this was written for */
export async function takeAllCharacters(): Promise<void> {
  const types = new URL('sqs/sqsTypes.js', import.meta.resolve('fauxqs')).href;
  const { INVALID_MESSAGE_BODY_CHAR: pattern }: Readonly<Record<string, unknown>> = await import(types);
  if (!(pattern instanceof RegExp)) {
    throw new LocalRunError('fauxqs has no INVALID_MESSAGE_BODY_CHAR any more. Correct local/aws/sqs-characters.ts.');
  }
  pattern.test = (text) => INVALID.test(text);
}
