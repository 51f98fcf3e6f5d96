import {readFileSync} from 'node:fs';
import {fromHex} from '../../base/bytes.js';
import {SallyportError} from '../../base/error.js';
import {Association} from '../../trusted/toolbox/engine/association.js';
import {PacketRunner, releasedOctets} from '../../trusted/toolbox/engine/packet-runner.js';
import type {Template} from '../../trusted/toolbox/engine/template.js';
import type {RunOutcome} from './run-report.js';

export type OctetsOptions = {
	/** File of the association's secret: 64 to 128 hexadecimal digits. */
	readonly secret?: string;
	/** Identifier of the association. */
	readonly association?: string;
	/** Number of the first packet that leaves. */
	readonly sequence?: string;
};

/** Feeds files to a template about octets, one after another and in one association. Rejects with `SallyportError`. */
export async function runOctets(
	template: Template,
	files: readonly string[],
	options: OctetsOptions,
): Promise<readonly RunOutcome[]> {
	const association = openAssociation(options);
	const runner = new PacketRunner(template, association);
	const outcomes: RunOutcome[] = [];
	for (const file of files) {
		const outcome = await runner.run(readFileSync(file), Date.now());
		const steps = outcome.steps.map(({step}) => step);
		outcomes.push(
			outcome.ok
				? {file, verdict: 'release', steps, octets: releasedOctets(outcome) ?? new Uint8Array(), facts: {}}
				: {file, verdict: 'denial', steps, step: outcome.denial.step, reason: outcome.denial.reason},
		);
	}

	association.destroy();
	return outcomes;
}

function openAssociation({secret, association = '1', sequence = '1'}: OctetsOptions): Association {
	if (secret === undefined) {
		throw new SallyportError('BAD_ARGUMENTS', 'Expected `--secret FILE` for a template about octets, got none.');
	}

	try {
		const octets = fromHex(readFileSync(secret, 'utf8').trim());
		return new Association({identifier: Number(association), secret: octets, firstSequence: Number(sequence)});
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : 'a failure';
		throw new SallyportError('BAD_ARGUMENTS', `Expected a secret, an association and a sequence number: ${why}`);
	}
}
