import {randomBytes} from 'node:crypto';
import test from 'ava';
import {MasterKey} from '#dist/trusted/media/srtp/master-key.js';
import {TrafficGenerator, timeProtection} from '#dist/trusted/media/traffic-generator.js';
import {openPlane} from './support/plane.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';

/** The same key twice, for who sends and who receives. */
function sharedKey(): [{slot: string}, {slot: string}] {
	const bytes = randomBytes(30);
	return [{slot: MasterKey.fromBytes(suite, bytes).deposit()}, {slot: MasterKey.fromBytes(suite, bytes).deposit()}];
}

test('a generator gets back through a media plane what it sent', async (t) => {
	const plane = openPlane(t);
	const generator = TrafficGenerator.open({localAddress: '127.0.0.1', calls: 1});
	t.teardown(() => generator.close());
	const {relay, legs} = await plane.createRelay([{}, {}]);
	const parties = [];
	for (const index of [0, 1] as const) {
		const remote = generator.address(0, index);
		const [sends, takes] = sharedKey();
		const [gives, receives] = sharedKey();
		await plane.configureLeg(relay, index, {
			remote: {rtp: remote, rtcp: {...remote, port: remote.port ^ 1}},
			sessions: {kind: 'srtp', inbound: {keys: [takes]}, outbound: gives},
		});
		parties.push({relay: legs[index].rtp, outbound: sends, inbound: receives});
	}

	const [caller, callee] = parties;
	if (caller === undefined || callee === undefined) {
		throw new Error('two parties');
	}

	generator.prepare({calls: [[caller, callee]], packetsPerSecond: 200, packetsPerStream: 30});
	const report = await generator.run();
	t.like(report, {sent: 60, delivered: 60, lost: 0, unauthentic: 0, altered: 0, strange: 0, duplicated: 0});
	t.true(report.latencyP50Ns > 0 && report.latencyP99Ns <= report.latencyMaxNs);
	t.true(report.sendingNs > 0 && report.sendingNs + report.drainingNs <= report.elapsedNs);
	const [statistics] = await plane.statistics(relay);
	t.like(statistics, {received: {packets: 30}, sent: {packets: 30}});
	await t.throwsAsync(generator.run(), {code: 'TRAFFIC_NOT_READY'});
});

test('a generator that is closed rejects its run and what comes after', async (t) => {
	const generator = TrafficGenerator.open({localAddress: '127.0.0.1', calls: 1});
	const relay = generator.address(0, 0);
	generator.prepare({calls: [[{relay}, {relay}]], packetsPerSecond: 1, packetsPerStream: 100});
	const run = generator.run();
	generator.close();
	await t.throwsAsync(run, {code: 'TRAFFIC_CLOSED'});
	generator.close();
	await t.throwsAsync(generator.run(), {code: 'TRAFFIC_CLOSED'});
});

test('plans beyond their limits are refused by name', (t) => {
	const generator = TrafficGenerator.open({localAddress: '127.0.0.1', calls: 1});
	t.teardown(() => generator.close());
	const relay = {address: '127.0.0.1', port: 9};
	const calls = [[{relay}, {relay}]] as const;
	t.throws(() => generator.prepare({calls: [], packetsPerStream: 1}), {message: /`calls`/});
	t.throws(() => generator.prepare({calls, packetsPerStream: 40_000}), {message: /`packetsPerStream`/});
	t.throws(() => generator.prepare({calls, packetsPerStream: 1, payloadOctets: 1500}), {message: /`payloadOctets`/});
	t.throws(() => generator.prepare({calls: [[{relay, outbound: {slot: 'x'}}, {relay}]], packetsPerStream: 1}), {
		message: /`calls\[0\]\[0\]\.outbound\.slot`/,
	});
	t.throws(() => generator.prepare({calls, packetsPerStream: 1, maxInFlightPackets: 0}), {
		message: /`maxInFlightPackets`/,
	});
	t.throws(() => generator.prepare({calls, packetsPerStream: 1, burst: 1} as never), {message: /`burst`/});
	t.throws(() => generator.address(1, 0), {message: /`call`/});
});

test('protection is timed for every suite', (t) => {
	const {protectNs, unprotectNs} = timeProtection({suite: 'AEAD_AES_256_GCM', payloadOctets: 20, packets: 64});
	t.true(protectNs > 0 && unprotectNs > 0);
	t.throws(() => timeProtection({suite: 'none' as never, payloadOctets: 20, packets: 64}), {message: /`suite`/});
});
