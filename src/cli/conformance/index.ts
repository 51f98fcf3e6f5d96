/**
 * The conformance runner: tries vectors of known formats through the public API and compares with what each case expects.
 * It knows formats, not cases. A family joins with a file of formats of its own and a line in `families.ts`.
 */
export {registerConformanceCommand} from './command.js';
export type {CaseOutcome, Verdict} from './format.js';
export * from './report.js';
export {runConformance} from './run-conformance.js';
