import {z} from 'zod';
import type {SrtpInbound} from '../../../trusted/media/srtp/index.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {
	allOf,
	defineFormat,
	expectBytes,
	failed,
	hexOctets,
	passed,
	skipped,
	ssrcValue,
	type Verdict,
} from '../format.js';
import {planSession, sessionFields, withSession} from './session.js';

const step = z.object({
	op: z.string(),
	packet: hexOctets.optional(),
	plain: hexOctets.optional(),
	expect: z.string().optional(),
	/** What Debian's libsrtp2 2.5.0 said: tells why a packet is to be refused. */
	libsrtp: z.string().optional(),
	why: z.string().optional(),
	ssrc: ssrcValue.optional(),
	roc: z.int().min(0).max(0xff_ff_ff_ff).optional(),
});
type Step = z.infer<typeof step>;

const traceCase = z.object({
	...sessionFields,
	replayWindow: z.int().optional(),
	steps: z.array(step).min(1),
});

/** Packets in order for one receiver, each with its verdict. */
export const traceFormat = defineFormat<z.infer<typeof traceCase>>({
	family: 'srtp',
	schema: 'srtp-trace/1',
	caseSchema: traceCase,
	tryCase(vector) {
		const plan = planSession(vector);
		if ('skip' in plan) {
			return skipped(plan.skip);
		}

		const {replayWindow = 128, steps} = vector;
		if (replayWindow < 64 || replayWindow > 32_767) {
			return skipped(`a replay window of ${replayWindow} packets is not offered`);
		}

		const unknown = steps.find(({op, expect = 'accept'}) => !operations.has(op) || !verdicts.has(expect));
		if (unknown) {
			return skipped(
				`a step ${unknown.op} with the verdict ${unknown.expect} is not among those that this version knows`,
			);
		}

		return withSession(
			plan,
			({inbound}) => {
				for (const [index, step] of steps.entries()) {
					const verdict = tryStep(inbound, step, plan.suite, plan.mki.length > 0);
					if (verdict.verdict === 'failed') {
						const why = step.why ? ` (${step.why})` : '';
						return failed(`Step ${index + 1}${why}: ${verdict.difference}`);
					}
				}

				return passed;
			},
			{replayWindowPackets: replayWindow},
		);
	},
});

function tryStep(inbound: SrtpInbound, step: Step, suite: SrtpSuiteName, hasMki: boolean): Verdict {
	const {op, packet, plain, expect, ssrc, roc} = step;
	if (op === 'set-roc') {
		if (ssrc === undefined || roc === undefined) {
			return failed('Expected ssrc and roc to set, got a step without.');
		}

		inbound.setRolloverCounter(ssrc, roc);
		return passed;
	}

	if (!packet || !expect) {
		return failed('Expected a packet and its verdict, got a step without.');
	}

	const opened = op === 'srtcp' ? inbound.unprotectRtcp(packet) : inbound.unprotectRtp(packet);
	if (opened.ok) {
		return allOf(
			expect === 'accept' ? passed : failed('Expected the packet to be refused, got it opened.'),
			plain ? expectBytes('the opened packet', opened.value, plain) : passed,
		);
	}

	const {code} = opened.failure;
	if (expect === 'accept') {
		return failed(`Expected the packet to open, got ${code}.`);
	}

	const reasons = referenceIsSound(op, suite, hasMki) ? reasonsFor.get(step.libsrtp ?? '') : undefined;
	return !reasons || reasons.includes(code) ? passed : failed(`Expected ${reasons.join(' or ')}, got ${code}.`);
}

/** Where the reference has defects its reasons are not ours: the KDF of AES-192, the MKI of SRTCP with `_32`. */
function referenceIsSound(op: string, suite: SrtpSuiteName, hasMki: boolean): boolean {
	return !suite.startsWith('AES_192') && !(op === 'srtcp' && hasMki && suite.endsWith('_32'));
}

const operations: ReadonlySet<string> = new Set(['srtp', 'srtcp', 'set-roc']);
const verdicts: ReadonlySet<string> = new Set(['accept', 'reject']);

/** Our codes for the reference's words; its other words name no reason. */
const reasonsFor: ReadonlyMap<string, readonly string[]> = new Map([
	['reject-replay', ['REPLAYED']],
	['reject-old', ['TOO_OLD']],
	['reject-auth', ['BAD_TAG', 'UNKNOWN_MKI', 'MALFORMED']],
]);
