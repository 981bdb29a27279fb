/**
 * Files that were uploaded or that jobs made, and uploads that are under way.
 */
import type { FileContent } from './file-content.ts';
import { randomId } from './ids.ts';

export interface StoredFile {
  /** `files/<id>` */
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly mimeType: string;
  readonly content: FileContent;
  readonly source: 'UPLOADED' | 'GENERATED';
  readonly createdAt: Date;
  /** PROCESSING before, ACTIVE from then on. */
  readonly activeAt: Date;
  /** Belongs to another project. */
  readonly foreign: boolean;
}

interface Upload {
  readonly mimeType: string;
  readonly displayName?: string | undefined;
  readonly chunks: Buffer[];
}

export class FileStore {
  readonly files = new Map<string, StoredFile>();
  readonly uploads = new Map<string, Upload>();

  /** Adds a file that a job made; `id` is given where it derives from the job's. */
  generate(
    now: Date,
    file: { id?: string; mimeType: string; content: FileContent; processingMs?: number; foreign?: boolean },
  ): StoredFile {
    const stored: StoredFile = {
      name: `files/${file.id ?? randomId(12)}`,
      mimeType: file.mimeType,
      content: file.content,
      source: 'GENERATED',
      createdAt: now,
      activeAt: new Date(now.getTime() + (file.processingMs ?? 0)),
      foreign: file.foreign ?? false,
    };
    this.files.set(stored.name, stored);
    return stored;
  }
}
