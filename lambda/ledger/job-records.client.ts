/** The ledger as an operator reads it: jobs by id or by what they wait for, and their removal. */
import { type AttributeValue, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FETCHED_JOB_TYPES, LEDGER } from '../contract.ts';
import { itemId, type LedgerEntry, type LedgerQuery } from './facts.ts';
import { LedgerReader } from './ledger-reader.client.ts';

/** Newest first; all of them without a limit. */
export type IndexQuery = Pick<LedgerQuery, 'state' | 'project' | 'jobType' | 'since' | 'until'> &
  Partial<Pick<LedgerQuery, 'limit'>>;

export class DynamoDbJobRecords {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #reader: LedgerReader;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
    this.#reader = new LedgerReader({ client, tableName });
  }

  /** In whatever spelling the id is given; a job of each type and project may have it. */
  async find(projects: readonly string[], jobId: string): Promise<readonly LedgerEntry[]> {
    const jobs = projects.flatMap((project) => FETCHED_JOB_TYPES.map((jobType) => ({ project, jobType, jobId })));
    return [...(await this.#reader.find(jobs)).values()].filter((entry) => !isStripped(entry));
  }

  /** By the index, and never by a scan. */
  async list({ limit = Number.POSITIVE_INFINITY, ...query }: IndexQuery): Promise<readonly LedgerEntry[]> {
    const found: LedgerEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#reader.list({ ...query, limit, cursor, newestFirst: true });
      found.push(...page.jobs.filter((entry) => !isStripped(entry)));
      cursor = page.next;
    } while (cursor !== undefined && found.length < limit);
    return found.slice(0, limit);
  }

  /**
   * Leaves of a job nothing but that it is closed, so that neither a late webhook nor the reconciler takes it for a new one;
   * that, too, is gone after `seconds`.
   */
  async strip(job: LedgerEntry, now: Date, seconds: number): Promise<void> {
    const { project, jobType, jobId, eventType } = job;
    const Item: Record<string, AttributeValue> = {
      [LEDGER.id]: { S: itemId(job) },
      [LEDGER.project]: { S: project },
      [LEDGER.jobType]: { S: jobType },
      [LEDGER.jobId]: { S: jobId },
      [LEDGER.publishedAt]: { S: now.toISOString() },
      [LEDGER.closedAt]: { S: now.toISOString() },
      ...(eventType !== undefined && { [LEDGER.eventType]: { S: eventType } }),
      [LEDGER.expiration]: { N: String(Math.floor(now.getTime() / 1000) + seconds) },
    };
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item }));
  }
}

/** What is closed without having ended here: of it nothing is known. */
function isStripped({ closedAt, storedAt, failedAt }: LedgerEntry): boolean {
  return closedAt !== undefined && storedAt === undefined && failedAt === undefined;
}
