/** Gemini's API as the slices read it. */

/** The body of an answer that holds. Reading it may throw what `Gemini`'s methods throw, or `ERR_OUTPUT_TRUNCATED`. */
export interface Download {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the chunks, as the server announced it; undefined when it did not. */
  readonly bytes: number | undefined;
}

/** A file of Gemini's, or its beginning. */
export interface FileDownload extends Download {
  /** Of the whole file; undefined when the server did not say. */
  readonly total: number | undefined;
  /**
   * Where the chunks are the beginning only: reads so many bytes from there on, in as many calls at a time as one likes.
   * Undefined when they would not be of the same file, or not those.
   */
  readonly readRange:
    | ((start: number, length: number, signal: AbortSignal) => Promise<Download | undefined>)
    | undefined;
}

/**
 * Gemini's API, read with the account's own key. Both methods throw `TransientError` for whatever may hold later, refusals
 * of the key and of the caller included. Undefined is a word about the thing that was asked for: it is gone, was never
 * there, is not there yet, or is somebody else's.
 */
export interface Gemini {
  /** @param path below the API version, e.g. `batches/abc` */
  get(path: string, signal: AbortSignal): Promise<Download | undefined>;
  /**
   * The bytes of a file. @param fileId without `files/`
   * @param length asks for so many bytes from the beginning; a server that knows no ranges answers with the whole file
   */
  download(fileId: string, signal: AbortSignal, length?: number): Promise<FileDownload | undefined>;
}
