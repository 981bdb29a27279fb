/** For applications that create jobs. */
export * from '../lambda/submit-job.ts';
