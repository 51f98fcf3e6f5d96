import {basename} from 'node:path';
import {SallyportError} from '../../../base/error.js';
import type {LegStatistics} from '../../../trusted/media/protocol.js';
import type {GatewayChild, PhoneChild} from '../child-process.js';
import {type DemoStep, median, quantile, rounded} from '../demo-report.js';
import {alice} from '../demo-world.js';
import type {DemoCall, SpeechFile} from '../phone-messages.js';
import {compareSamples} from '../recordings.js';

/** A call as both telephones tell of it. */
export type SealedCall = {readonly bob: DemoCall; readonly alice: DemoCall};

/** Bob calls Alice by way of `target` and speaks to the end. */
export async function placeCall(
	bob: PhoneChild,
	alicesPhone: PhoneChild,
	targetPort: number,
	speech: SpeechFile,
): Promise<SealedCall> {
	bob.send({kind: 'call', to: alice, target: {transport: 'tcp', address: '127.0.0.1', port: targetPort}, speech});
	const answered = await Promise.race([
		bob.next('called', 30_000).then(({call}) => call),
		bob.next('not-called', 30_000).then(({refusal}) => {
			const why = alicesPhone.failures().join(' ');
			throw new SallyportError(
				'DEMO_CALL_REFUSED',
				`Expected Alice to answer, got ${refusal.status} (${refusal.reason}).${why && ` Her phone says: ${why}`}`,
			);
		}),
	]);
	return {bob: answered, alice: (await alicesPhone.next('ended')).call};
}

/** Milliseconds from Bob's socket to Alice's, packet by packet: one machine, one clock. */
export function latenciesMs({bob, alice: heard}: SealedCall): number[] {
	const sent = new Map(bob.saidAtMs);
	return heard.heardAtMs.flatMap(([sequence, atMs]) => {
		const sentAtMs = sent.get(sequence);
		return sentAtMs === undefined ? [] : [atMs - sentAtMs];
	});
}

/** Step 1: the call. */
export async function judgeSealedCall(call: SealedCall, gateway: GatewayChild, direct: SealedCall): Promise<DemoStep> {
	const established = await gateway.next('call-established');
	const ended = await gateway.next('call-ended');
	const {bob, alice: heard} = call;
	const comparison = await compareSamples(bob.saidFile, heard.heardFile);
	const suites = established['suites'] as {caller?: string; callee?: string};
	const latencies = latenciesMs(call);
	const through = median(latencies);
	const without = median(latenciesMs(direct));
	const dropped = (ended['legs'] as readonly LegStatistics[]).reduce(
		(sum, leg) => sum + Object.values(leg.dropped).reduce((a, b) => a + b, 0),
		0,
	);
	const ok =
		comparison.samples > 0 &&
		comparison.differing === 0 &&
		heard.lostPackets === 0 &&
		bob.heardPackets > 0 &&
		suites.caller !== undefined &&
		suites.callee !== undefined;
	return {
		name: 'the call',
		expected: 'Alice hears what Bob said, sample for sample, through a gateway that gives each leg its own keys',
		observed: `${comparison.samples - comparison.differing} of ${comparison.samples} samples the same, ${heard.lostPackets} packets lost; Bob's leg ${suites.caller}, Alice's leg ${suites.callee}`,
		ok,
		samplesCompared: comparison.samples,
		samplesDiffering: comparison.differing,
		packetsSent: bob.saidPackets,
		packetsHeard: heard.heardPackets,
		packetsLost: heard.lostPackets,
		packetsDroppedByGateway: dropped,
		packetsHeardByBob: bob.heardPackets,
		jitterMs: rounded(heard.jitterMs),
		latencyMs: {p50: rounded(through), p99: rounded(quantile(latencies, 0.99))},
		addedLatencyMs: rounded(through === undefined || without === undefined ? undefined : through - without),
		suites,
		caller: established['caller'],
		heardFile: basename(heard.heardFile),
	};
}
