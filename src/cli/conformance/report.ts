import type {CaseOutcome} from './format.js';

/** A case's outcome with the file that it stands in, relative to the folder of the run. */
export type ReportedOutcome = CaseOutcome & {readonly family: string; readonly file: string};

export type Tally = {readonly passed: number; readonly failed: number; readonly skipped: number};

export type ConformanceReport = Tally & {
	/** True when something passed and nothing failed. */
	readonly ok: boolean;
	readonly folder: string;
	readonly families: Readonly<Record<string, Tally>>;
	/** In the order in which they were tried. */
	readonly outcomes: readonly ReportedOutcome[];
};

export function summarize(folder: string, outcomes: readonly ReportedOutcome[]): ConformanceReport {
	const names = [...new Set(outcomes.map(({family}) => family))];
	const families = names.map((name) => [name, tally(outcomes.filter(({family}) => family === name))] as const);
	const total = tally(outcomes);
	return {
		ok: total.passed > 0 && total.failed === 0,
		folder,
		...total,
		families: Object.fromEntries(families),
		outcomes,
	};
}

/** Prints a report for people: each difference, each skip with its reason, the families, and the counts last. */
export function printReport(report: ConformanceReport, write: (text: string) => void): void {
	const {outcomes, families, folder} = report;
	for (const outcome of outcomes) {
		if (outcome.verdict === 'failed') {
			write(`FAILED  ${outcome.file} ${outcome.id}: ${outcome.difference}\n`);
		} else if (outcome.verdict === 'skipped') {
			write(`skipped ${outcome.file} ${outcome.id}: ${outcome.reason}\n`);
		}
	}

	for (const [name, counts] of Object.entries(families)) {
		write(`${name}: ${sentence(counts)}\n`);
	}

	if (report.passed + report.failed === 0) {
		write(`Expected vectors in ${folder}, found none that could be tried.\n`);
	}

	write(`${sentence(report)}\n`);
}

function tally(outcomes: readonly CaseOutcome[]): Tally {
	const count = (verdict: CaseOutcome['verdict']) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
	return {passed: count('passed'), failed: count('failed'), skipped: count('skipped')};
}

function sentence({passed, failed, skipped}: Tally): string {
	return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
