/** The readers of a document that is scanned: who has entered what, who takes what, and the text for those. */
import type { JsonReader, JsonType } from './walk.ts';

/** Shorter runs are copied together: a buffer of its own for each number would cost more. */
const SHORT = 512;

interface Seat {
  readonly reader: JsonReader;
  /** Depth of the value that it takes or skips; undefined while it is asked about every value. */
  level: number | undefined;
  takes: boolean;
}

export class Audience {
  readonly #seats: readonly Seat[];
  readonly #path: (string | number)[] = [];
  /** Short runs of the piece. */
  readonly #copies: Buffer;
  #copied = 0;
  #delivered = 0;
  #piece: Buffer = Buffer.alloc(0);
  /** Where the run begins that is not yet copied or delivered; -1 while nobody takes anything. */
  #run = -1;
  #takers: readonly JsonReader[] = [];
  /** Whether somebody is asked about the next value. */
  #isAsked = true;
  /** The deepest level at which a reader is to be woken. */
  #deepest = -1;

  constructor(readers: readonly JsonReader[], pieceBytes: number) {
    this.#seats = readers.map((reader) => ({ reader, level: undefined, takes: false }));
    this.#copies = Buffer.allocUnsafeSlow(pieceBytes);
  }

  /** Whether the keys at this place are of use to anybody. */
  get wantsKeys(): boolean {
    return this.#isAsked;
  }

  startPiece(piece: Buffer): void {
    this.#piece = piece;
    this.#copied = 0;
    this.#delivered = 0;
    if (this.#takers.length > 0) this.#run = 0;
  }

  endPiece(): void {
    this.#deliver(this.#piece.length);
    this.#piece = this.#piece.subarray(0, 0);
  }

  key(name: string): void {
    this.#path[this.#path.length - 1] = name;
  }

  /** @param depth how many containers are around the value */
  begin(depth: number, type: JsonType, at: number): void {
    if (!this.#isAsked) return;
    const path = this.#path;
    const last = path[depth - 1];
    if (typeof last === 'number') path[depth - 1] = last + 1;
    this.#deliver(at);
    for (const seat of this.#seats) {
      if (seat.level !== undefined) continue;
      const treatment = seat.reader.begin(path, type);
      if (treatment === 'enter' && (type === 'object' || type === 'array')) continue;
      seat.level = depth;
      seat.takes = treatment !== 'skip';
    }
    this.#seat(at);
    if (this.#isAsked && type === 'object') path.push('');
    if (this.#isAsked && type === 'array') path.push(-1);
  }

  end(depth: number, type: JsonType, at: number): void {
    if (!this.#isAsked && depth !== this.#deepest) return;
    this.#path.length = depth;
    this.#deliver(at);
    for (const seat of this.#seats) {
      const isWoken = seat.level === depth;
      if (isWoken) seat.level = undefined;
      if (seat.level === undefined && (!isWoken || seat.takes)) seat.reader.end(this.#path, type);
    }
    this.#seat(at);
  }

  /** White space is nobody's. */
  leaveOut(from: number, to: number): void {
    if (this.#run < 0) return;
    this.#copy(from);
    this.#run = to;
  }

  #seat(at: number): void {
    this.#takers = this.#seats.filter(({ level, takes }) => level !== undefined && takes).map(({ reader }) => reader);
    this.#isAsked = this.#seats.some(({ level }) => level === undefined);
    this.#deepest = this.#seats.reduce((deepest, { level = -1 }) => Math.max(deepest, level), -1);
    this.#run = this.#takers.length > 0 ? at : -1;
  }

  #copy(to: number): void {
    const from = this.#run;
    if (to - from > SHORT) {
      this.#pass();
      for (const reader of this.#takers) reader.text(this.#piece.subarray(from, to));
      return;
    }
    for (let at = from; at < to; at += 1) {
      this.#copies[this.#copied] = this.#piece[at] ?? 0;
      this.#copied += 1;
    }
  }

  /** What was copied so far. */
  #pass(): void {
    if (this.#delivered === this.#copied) return;
    const bytes = this.#copies.subarray(this.#delivered, this.#copied);
    for (const reader of this.#takers) reader.text(bytes);
    this.#delivered = this.#copied;
  }

  #deliver(to: number): void {
    if (this.#run < 0) return;
    this.#copy(to);
    this.#pass();
    this.#run = to;
  }
}
