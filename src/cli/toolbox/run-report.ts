import {mkdirSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';

/** What came of one file. */
export type RunOutcome =
	| {
			readonly file: string;
			readonly verdict: 'release';
			/** Names of the steps that ran; absent where the toolbox does not tell. */
			readonly steps?: readonly string[];
			/** What leaves, or what came out of a packet. */
			readonly octets: Uint8Array;
			/** What else was released, in words. */
			readonly facts: Readonly<Record<string, string>>;
	  }
	| {
			readonly file: string;
			readonly verdict: 'denial';
			readonly steps?: readonly string[];
			readonly step: string;
			readonly reason: string;
			/** Of the SIP answer. */
			readonly status?: number;
	  };

/** Says what came of a run, and writes what was released into a folder where one is given. Returns the exit code. */
export function reportRun(
	template: string,
	outcomes: readonly RunOutcome[],
	options: {readonly json?: boolean; readonly out?: string},
	write: (text: string) => void,
): number {
	for (const outcome of outcomes) {
		if (options.out !== undefined && outcome.verdict === 'release') {
			mkdirSync(options.out, {recursive: true, mode: 0o700});
			writeFileSync(join(options.out, basename(outcome.file)), outcome.octets, {mode: 0o600});
		}

		if (!options.json) {
			write(`${describe(outcome)}\n`);
		}
	}

	if (options.json) {
		const plain = outcomes.map((outcome) =>
			outcome.verdict === 'release' ? {...outcome, octets: outcome.octets.length} : outcome,
		);
		write(`${JSON.stringify({template, outcomes: plain}, undefined, '\t')}\n`);
	}

	return outcomes.every(({verdict}) => verdict === 'release') ? 0 : 1;
}

function describe(outcome: RunOutcome): string {
	if (outcome.verdict === 'denial') {
		const {file, step, reason, status} = outcome;
		return `${file}: denied by the step ${step}: ${reason}${status === undefined ? '' : `, SIP status ${status}`}`;
	}

	const facts = Object.entries(outcome.facts).map(([name, value]) => `${name} ${value}`);
	return `${outcome.file}: ${[`released, ${outcome.octets.length} octets`, ...facts].join(', ')}`;
}
