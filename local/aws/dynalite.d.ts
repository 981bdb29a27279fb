/** dynalite ships no types; this is the part of it that is used. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  function dynalite(options?: { readonly createTableMs?: number }): Server;
  export = dynalite;
}
