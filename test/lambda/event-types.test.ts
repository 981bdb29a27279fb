/** Checked by the compiler (`npm run typecheck`): the types that consumers import are those of the definitions. */
import { expectTypeOf, it } from 'vitest';
import type * as z from 'zod/mini';
import type * as types from '../../lambda/event-types.ts';
import type * as jobEvent from '../../lambda/events/job-event.ts';
import type * as manifest from '../../lambda/events/manifest.ts';

/** One object type, where intersections are. */
type Flat<Type> = { [Name in keyof Type]: Type[Name] };

it('types what the definitions say, field by field', () => {
  expectTypeOf<Flat<types.JobEventDetail>>().toEqualTypeOf<z.infer<typeof jobEvent.JobEventDetail>>();
  expectTypeOf<Flat<types.OutputStoredDetail>>().toEqualTypeOf<z.infer<typeof jobEvent.OutputStoredDetail>>();
  expectTypeOf<Flat<types.OutputFailedDetail>>().toEqualTypeOf<z.infer<typeof jobEvent.OutputFailedDetail>>();
  expectTypeOf<Flat<types.JobSubmittedDetail>>().toEqualTypeOf<z.infer<typeof jobEvent.JobSubmittedDetail>>();
  expectTypeOf<types.Manifest>().toEqualTypeOf<z.infer<typeof manifest.Manifest>>();
});
