// Calls under every suite that talk both ways without a pause: `npm run test:long` lets them do so for minutes. What
// counts is that every packet comes out authentic, unchanged, once and in order.
import test, {type ExecutionContext} from 'ava';
import {type MediaPlane, TrafficGenerator, type TrafficParty} from '#dist/trusted/media/index.js';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {soakMs} from '../profile.js';
import {openPlane, SharedKey} from '../trusted/media/support/plane.js';

const packetsPerSecond = 50;
const local = {localAddress: '127.0.0.1'};
const suites = Object.keys(srtpSuites) as SrtpSuiteName[];

test('calls under every suite lose, change and reorder nothing for as long as they talk', async (t) => {
	const plane = openPlane(t);
	const generator = TrafficGenerator.open({...local, calls: suites.length});
	t.teardown(() => generator.close());
	const calls = [];
	for (const call of suites.keys()) {
		calls.push(await setUpCall(t, plane, generator, call));
	}

	// A generator numbers the packets of a stream once round at most.
	const packetsPerStream = Math.min(32_768, Math.ceil((packetsPerSecond * soakMs) / 1000));
	generator.prepare({calls, packetsPerSecond, packetsPerStream});
	const report = await generator.run();
	t.log(report);
	const sent = 2 * suites.length * packetsPerStream;
	t.like(report, {sent, delivered: sent, lost: 0, reordered: 0, duplicated: 0});
	t.like(report, {unauthentic: 0, altered: 0, strange: 0});
});

/** A call whose legs have neighbouring suites, so that every suite is opened and sealed. */
async function setUpCall(
	t: ExecutionContext,
	plane: MediaPlane,
	generator: TrafficGenerator,
	call: number,
): Promise<readonly [TrafficParty, TrafficParty]> {
	const {relay, legs} = await plane.createRelay([{}, {}]);
	const parties: TrafficParty[] = [];
	for (const leg of [0, 1] as const) {
		const suite = suites[(call + leg) % suites.length] ?? 'AEAD_AES_256_GCM';
		const [theirs, ours] = [new SharedKey(suite), new SharedKey(suite)];
		const remote = generator.address(call, leg);
		await plane.configureLeg(relay, leg, {
			remote: {rtp: remote, rtcp: {...remote, port: remote.port ^ 1}},
			sessions: {kind: 'srtp', inbound: {keys: [theirs.legKey()]}, outbound: ours.legKey()},
		});
		parties.push({relay: legs[leg].rtp, outbound: theirs.legKey(), inbound: ours.legKey()});
	}

	const [caller, callee] = parties;
	t.true(caller !== undefined && callee !== undefined);
	return [caller, callee] as readonly [TrafficParty, TrafficParty];
}
