// Calls come, talk, are forged and replayed at, and go: `npm run test:long` does so for minutes. What counts is that
// nothing is left over.
import {readdirSync} from 'node:fs';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {SrtpInbound, SrtpOutbound} from '#dist/trusted/media/index.js';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {isSoakingAlone, soakMs} from '../profile.js';
import {openParty, type Party, remoteOf, rtcpPacket, rtpPacket} from '../trusted/media/support/phone.js';
import {
	isBalanced,
	loopback,
	must,
	openPlane,
	SharedKey,
	settled,
	somePortRange,
	srtpSettings,
} from '../trusted/media/support/plane.js';

const packetsPerCall = 40;
type SharedKeys = readonly [SharedKey, SharedKey, SharedKey, SharedKey];
const suites = Object.keys(srtpSuites) as SrtpSuiteName[];

test('after thousands of calls there are no more descriptors and hardly more memory than after the first ones', async (t) => {
	// Ports for ten relays: calls soon get none unless those before gave theirs back.
	const plane = openPlane(t, {interfaces: loopback(somePortRange(40))});
	const parties = [await openParty(t), await openParty(t)] as const;
	const start = Date.now();
	let calls = 0;
	const carryCallsUntil = async (end: number) => {
		do {
			await carryCall(t, plane, parties, calls++);
		} while (Date.now() < end);
	};

	// What is made once and kept (pools, compiled code) is there at half-time.
	await carryCallsUntil(start + soakMs / 2);
	const before = measure();
	await carryCallsUntil(start + soakMs);
	const after = measure();
	t.log(`${calls} calls, ${3 * packetsPerCall * calls} packets`, before, after);
	t.is(plane.size, 0);
	if (!isSoakingAlone) {
		return;
	}

	t.is(after.descriptors, before.descriptors);
	t.true(after.residentOctets - before.residentOctets < 64 * 1024 * 1024);
});

/** One call under a suite of its own; every packet is followed by a copy and by a forgery. */
async function carryCall(
	t: ExecutionContext,
	plane: ReturnType<typeof openPlane>,
	parties: readonly [Party, Party],
	call: number,
): Promise<void> {
	const suite = suites[call % suites.length] ?? 'AEAD_AES_256_GCM';
	const [alices, ours, bobs, theirs] = [0, 1, 2, 3].map(() => new SharedKey(suite)) as unknown as SharedKeys;
	const {relay, legs: ports} = await plane.createRelay([{}, {}]);
	await plane.configureLeg(relay, 0, {remote: remoteOf(parties[0]), ...srtpSettings(alices, ours)});
	await plane.configureLeg(relay, 1, {remote: remoteOf(parties[1]), ...srtpSettings(bobs, theirs)});

	const [alice, bob] = parties;
	const [outbound, inbound] = [alices.masterKey(), theirs.masterKey()];
	const sender = new SrtpOutbound({keys: [{masterKey: outbound}]});
	const receiver = new SrtpInbound({keys: [{masterKey: inbound}]});
	const alreadyHeard = bob.rtp.received.length;
	for (let index = 0; index < packetsPerCall; index++) {
		const sealed = must(sender.protectRtp(rtpPacket({sequenceNumber: 0xff_f0 + index})));
		const forged = Uint8Array.from(sealed);
		forged[20] = (forged[20] ?? 0) ^ 1;
		for (const packet of [forged, sealed, sealed]) {
			await alice.rtp.send(packet, ports[0].rtp);
		}
	}

	await alice.rtcp.send(must(sender.protectRtcp(rtcpPacket())), ports[0].rtcp);
	const counted = await settled({plane, relay, parties, ports}, 0, 3 * packetsPerCall + 1);
	t.true(isBalanced(counted));
	t.like(counted[0].dropped, {'bad-tag': packetsPerCall, replayed: packetsPerCall});
	for (const packet of (await bob.rtp.waitFor(alreadyHeard + packetsPerCall)).slice(alreadyHeard)) {
		must(receiver.unprotectRtp(packet));
	}

	bob.rtp.received.length = 0;
	bob.rtcp.received.length = 0;
	for (const used of [sender, receiver, outbound, inbound]) {
		used.destroy();
	}

	await plane.destroyRelay(relay);
}

function measure() {
	return {descriptors: readdirSync('/proc/self/fd').length, residentOctets: process.memoryUsage.rss()};
}
