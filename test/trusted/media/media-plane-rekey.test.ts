import test, {type ExecutionContext} from 'ava';
import type {LegSettings} from '#dist/trusted/media/leg-settings.js';
import type {SrtpInbound} from '#dist/trusted/media/srtp/srtp-inbound.js';
import {SrtpOutbound} from '#dist/trusted/media/srtp/srtp-outbound.js';
import type {SrtpSuiteName} from '#dist/wire/sdes/suites.js';
import {remoteOf, rtpPacket} from './support/phone.js';
import {type Call, dropsOf, must, openCall, SharedKey, settled, srtpSettings} from './support/plane.js';

const ssrc = 0x11_22_33_44;
const cm = 'AES_CM_128_HMAC_SHA1_80';
type Inbound = Exclude<Extract<LegSettings['sessions'], {kind: 'srtp'}>['inbound'], 'keep'>;

/** Leg 0 is Alice's, sealed; leg 1 is plain RTP. */
async function openHalfSealed(t: ExecutionContext, fromAlice: SharedKey, mki?: Uint8Array) {
	const sessions = sessionsOf(fromAlice, new SharedKey(fromAlice.suite), mki);
	return openCall(t, [{sessions}, {}]);
}

function sessionsOf(inbound: SharedKey, outbound: SharedKey, mki?: Uint8Array): LegSettings['sessions'] {
	const key = {...inbound.legKey(), ...(mki && {mki})};
	return {kind: 'srtp', inbound: {keys: [key]}, outbound: outbound.legKey()};
}

async function rekey({plane, relay, parties}: Call, key: SharedKey, rules: Partial<Inbound> = {}, mki?: Uint8Array) {
	await plane.configureLeg(relay, 0, {
		remote: remoteOf(parties[0]),
		sessions: {
			kind: 'srtp',
			inbound: {keys: [{...key.legKey(), ...(mki && {mki})}], ...rules},
			outbound: 'keep',
		},
	});
}

function phoneSession(t: ExecutionContext, key: SharedKey, mki?: Uint8Array): SrtpOutbound {
	const session = new SrtpOutbound({keys: [{masterKey: key.masterKey(), ...(mki && {mki})}]});
	t.teardown(() => session.destroy());
	return session;
}

for (const suite of [cm, 'AEAD_AES_128_GCM'] as const satisfies readonly SrtpSuiteName[]) {
	for (const mkis of [undefined, [Uint8Array.of(1), Uint8Array.of(2)] as const]) {
		test(`a re-key with packets in flight loses none: ${suite}, ${mkis ? 'with' : 'without'} MKI`, async (t) => {
			const [first, second] = [new SharedKey(suite), new SharedKey(suite)];
			const call = await openHalfSealed(t, first, mkis?.[0]);
			const {parties, ports} = call;
			const old = phoneSession(t, first, mkis?.[0]);
			const fresh = phoneSession(t, second, mkis?.[1]);
			fresh.setRolloverCounter(ssrc, 0);
			// The sequence number rolls over among the packets in flight.
			const plain = Array.from({length: 120}, (_, i) => rtpPacket({sequenceNumber: 65_536 - 60 + i}));
			const underOld = plain.slice(0, 80).map((packet) => must(old.protectRtp(packet)));
			for (const packet of underOld.slice(0, 40)) {
				await parties[0].rtp.send(packet, ports[0].rtp);
			}

			await rekey(call, second, {}, mkis?.[1]);
			fresh.setRolloverCounter(ssrc, 1);
			const underNew = plain.slice(80).map((packet) => must(fresh.protectRtp(packet)));
			// Old ones go on, then the new ones come between and in front of them.
			const [before, among] = [underOld.slice(40, 60), underOld.slice(60)];
			const mixed = [...before, ...underNew.flatMap((packet, i) => [packet, ...among.slice(i, i + 1)])];
			for (const packet of mixed) {
				await parties[0].rtp.send(packet, ports[0].rtp);
			}

			const heard = await parties[1].rtp.waitFor(plain.length);
			const sort = (packets: readonly Buffer[]) => packets.map((packet) => packet.toString('hex')).sort();
			t.deepEqual(sort(heard), sort(plain));

			// What was recorded before and during the re-key is a replay after it, under either key.
			for (const packet of [...underOld.slice(-30), ...underNew.slice(-30)]) {
				await parties[0].rtp.send(packet, ports[0].rtp);
			}

			const statistics = await settled(call, 0, plain.length + 60);
			t.deepEqual(dropsOf(statistics, 0), {replayed: 60});
			t.is(parties[1].rtp.received.length, plain.length);
		});
	}
}

test('the rollover counter goes on under a new key, or starts again where the leg says so', async (t) => {
	const keys = [new SharedKey(cm), new SharedKey(cm), new SharedKey(cm)] as const;
	const call = await openHalfSealed(t, keys[0]);
	const {parties, ports} = call;
	let heard = 0;
	const speak = async (session: SrtpOutbound, sequenceNumber: number) => {
		await parties[0].rtp.send(must(session.protectRtp(rtpPacket({sequenceNumber}))), ports[0].rtp);
		await parties[1].rtp.waitFor(++heard);
	};

	const first = phoneSession(t, keys[0]);
	await speak(first, 65_000);
	await speak(first, 65_536 + 100);
	t.is(first.rolloverCounter(ssrc), 1);

	await rekey(call, keys[1]);
	const second = phoneSession(t, keys[1]);
	second.setRolloverCounter(ssrc, 1);
	await speak(second, 101);

	await rekey(call, keys[2], {rollover: 'reset'});
	const third = phoneSession(t, keys[2]);
	await speak(third, 102);
	t.is(third.rolloverCounter(ssrc), 0);
	t.deepEqual(dropsOf(await settled(call, 0, heard), 0), {});
});

test('what we send goes on with its rollover counter under a new key, or starts again', async (t) => {
	const keys = [new SharedKey(cm), new SharedKey(cm), new SharedKey(cm)] as const;
	const call = await openCall(t, [srtpSettings(new SharedKey(cm), keys[0]), {}]);
	const {plane, relay, parties, ports} = call;
	let heard = 0;
	const hear = async (inbound: SrtpInbound, sequenceNumber: number) => {
		await parties[1].rtp.send(rtpPacket({sequenceNumber}), ports[1].rtp);
		const packets = await parties[0].rtp.waitFor(++heard);
		return inbound.unprotectRtp(packets.at(-1) as Buffer);
	};

	const first = keys[0].inbound(t);
	t.true((await hear(first, 65_000)).ok);
	t.true((await hear(first, 65_536 + 100)).ok);
	for (const [key, rollover, counter] of [
		[keys[1], 'keep', 1],
		[keys[2], 'reset', 0],
	] as const) {
		await plane.configureLeg(relay, 0, {
			remote: remoteOf(parties[0]),
			sessions: {kind: 'srtp', inbound: 'keep', outbound: {...key.legKey(), rollover}},
		});
		const inbound = key.inbound(t);
		inbound.setRolloverCounter(ssrc, counter);
		t.true((await hear(inbound, 101 + heard)).ok, rollover);
	}
});

for (const suite of [cm, 'AEAD_AES_256_GCM'] as const) {
	test(`a leg that may join late finds the rollover counter of a stream, and another does not: ${suite}`, async (t) => {
		const [known, unknown] = [new SharedKey(suite), new SharedKey(suite)];
		const sessions = (key: SharedKey, lateJoinRollovers: number) =>
			({
				kind: 'srtp',
				inbound: {keys: [key.legKey()], lateJoinRollovers},
				outbound: new SharedKey(suite).legKey(),
			}) as const;
		const call = await openCall(t, [{sessions: sessions(known, 8)}, {sessions: sessions(unknown, 0)}]);
		const {parties, ports} = call;
		for (const [leg, key] of [known, unknown].entries()) {
			const phone = phoneSession(t, key);
			phone.setRolloverCounter(ssrc, 7);
			for (let sequenceNumber = 1; sequenceNumber <= 50; sequenceNumber++) {
				const packet = must(phone.protectRtp(rtpPacket({sequenceNumber})));
				await parties[leg as 0 | 1].rtp.send(packet, ports[leg as 0 | 1].rtp);
			}
		}

		await parties[1].rtp.waitFor(49);
		const statistics = await settled(call, 1, 50);
		t.deepEqual(dropsOf(statistics, 0), {'bad-tag': 1});
		t.deepEqual(dropsOf(statistics, 1), {'bad-tag': 50});
	});
}

test('two relays that receive under one key use up one lifetime, and each says so once', async (t) => {
	const shared = new SharedKey(cm);
	const inbound = () => ({keys: [{...shared.legKey(), lifetimePackets: 20}]});
	const sessions = () => ({kind: 'srtp', inbound: inbound(), outbound: new SharedKey(cm).legKey()}) as const;
	const first = await openCall(t, [{sessions: sessions()}, {}]);
	const second = await openCall(t, [{sessions: sessions()}, {}], {plane: first.plane});
	const expired: unknown[] = [];
	first.plane.on('key-expired', (event) => expired.push(event));
	const phone = shared.outbound(t);
	const sendInTurn = async (from: number, to: number): Promise<void> => {
		for (let sequenceNumber = from; sequenceNumber < to; sequenceNumber++) {
			const {parties, ports} = sequenceNumber % 2 === 0 ? first : second;
			await parties[0].rtp.send(must(phone.protectRtp(rtpPacket({sequenceNumber}))), ports[0].rtp);
		}
	};
	// A worker may take all of one socket before it looks at the other: each relay is to have its half of the lifetime.
	await sendInTurn(0, 20);
	await Promise.all([first, second].map(({parties}) => parties[1].rtp.waitFor(10)));
	await sendInTurn(20, 30);

	const statistics = [await settled(first, 0, 15), await settled(second, 0, 15)] as const;
	const [drops, others] = [dropsOf(statistics[0], 0), dropsOf(statistics[1], 0)];
	t.is((drops['expired-key'] ?? 0) + (others['expired-key'] ?? 0), 10);
	t.is(statistics[0][1].sent.packets + statistics[1][1].sent.packets, 20);
	t.deepEqual(
		expired.toSorted(
			(left, right) => Number((left as {relay: number}).relay) - Number((right as {relay: number}).relay),
		),
		[first, second].map(({relay}) => ({relay, leg: 0, direction: 'inbound'})),
	);
});

test("a peer's key past its lifetime goes on where the leg only alerts, and says so once", async (t) => {
	const key = new SharedKey(cm);
	const sessions = {
		kind: 'srtp',
		inbound: {keys: [{...key.legKey(), lifetimePackets: 5}], whenExpired: 'alert'},
		outbound: new SharedKey(cm).legKey(),
	} as const;
	const call = await openCall(t, [{sessions}, {}]);
	const expired: unknown[] = [];
	call.plane.on('key-expired', (event) => expired.push(event));
	const phone = key.outbound(t);
	for (let sequenceNumber = 0; sequenceNumber < 20; sequenceNumber++) {
		await call.parties[0].rtp.send(must(phone.protectRtp(rtpPacket({sequenceNumber}))), call.ports[0].rtp);
	}

	await call.parties[1].rtp.waitFor(20);
	t.deepEqual(dropsOf(await settled(call, 0, 20), 0), {});
	t.deepEqual(expired, [{relay: call.relay, leg: 0, direction: 'inbound'}]);
});

test('our own key says once that it is due and once that it ended, and stops', async (t) => {
	const outbound = {...new SharedKey(cm).legKey(), lifetimePackets: 10};
	const sessions = {kind: 'srtp', inbound: {keys: [new SharedKey(cm).legKey()]}, outbound} as const;
	const call = await openCall(t, [{sessions}, {}]);
	const events: unknown[] = [];
	call.plane.on('rekey-due', (event) => events.push(['due', event]));
	call.plane.on('key-expired', (event) => events.push(['expired', event]));
	for (let sequenceNumber = 0; sequenceNumber < 15; sequenceNumber++) {
		await call.parties[1].rtp.send(rtpPacket({sequenceNumber}), call.ports[1].rtp);
	}

	const statistics = await settled(call, 1, 15);
	t.deepEqual(dropsOf(statistics, 1), {'expired-key': 5});
	t.is(statistics[0].sent.packets, 10);
	t.deepEqual(events, [
		['due', {relay: call.relay, leg: 0}],
		['expired', {relay: call.relay, leg: 0, direction: 'outbound'}],
	]);
});

test('no two legs protect packets under one key, whatever its suite, also when the first is gone', async (t) => {
	const ours = new SharedKey(cm);
	const first = await openCall(t, [srtpSettings(new SharedKey(cm), ours), {}]);
	const {plane} = first;
	const second = await openCall(t, [srtpSettings(new SharedKey(cm), new SharedKey(cm)), {}], {plane});
	const install = (key: SharedKey, leg: 0 | 1 = 0) =>
		plane.configureLeg(second.relay, leg, {
			remote: remoteOf(second.parties[leg]),
			sessions: {kind: 'srtp', inbound: {keys: [new SharedKey(key.suite).legKey()]}, outbound: key.legKey()},
		});

	await t.throwsAsync(install(ours), {code: 'OUTBOUND_KEY_REUSED'});
	await t.throwsAsync(install(ours, 1), {code: 'OUTBOUND_KEY_REUSED'});
	await t.throwsAsync(install(ours.as('AES_CM_128_HMAC_SHA1_32')), {code: 'OUTBOUND_KEY_REUSED'});
	await t.throwsAsync(install(ours.as('AEAD_AES_128_GCM')), {code: 'OUTBOUND_KEY_REUSED'});

	await first.parties[1].rtp.send(rtpPacket({sequenceNumber: 1}), first.ports[1].rtp);
	await first.parties[0].rtp.waitFor(1);
	await plane.destroyRelay(first.relay);
	await t.throwsAsync(install(ours), {code: 'OUTBOUND_KEY_REUSED'});
	// Nothing was changed: leg 1 is clear and leg 0 sends under its own key.
	await second.parties[1].rtp.send(rtpPacket({sequenceNumber: 1}), second.ports[1].rtp);
	t.is((await second.parties[0].rtp.waitFor(1)).length, 1);
});

test('a key that protected nothing may be given to a leg again', async (t) => {
	const ours = new SharedKey(cm);
	const first = await openCall(t, [srtpSettings(new SharedKey(cm), ours), {}]);
	await first.plane.destroyRelay(first.relay);
	await t.notThrowsAsync(openCall(t, [srtpSettings(new SharedKey(cm), ours), {}], {plane: first.plane}));
});

test('one key never serves both directions of a relay', async (t) => {
	const [fromAlice, toAlice, fromBob, toBob] = [1, 2, 3, 4].map(() => new SharedKey(cm)) as [
		SharedKey,
		SharedKey,
		SharedKey,
		SharedKey,
	];
	const call = await openCall(t, [srtpSettings(fromAlice, toAlice), srtpSettings(fromBob, toBob)]);
	const {plane, relay, parties} = call;
	const configure = (leg: 0 | 1, sessions: LegSettings['sessions']) =>
		plane.configureLeg(relay, leg, {remote: remoteOf(parties[leg]), sessions});
	const mirrored = new SharedKey(cm);
	for (const sessions of [
		() => sessionsOf(mirrored, mirrored),
		() => sessionsOf(new SharedKey(cm), fromAlice),
		() => sessionsOf(new SharedKey(cm), fromBob),
		() => sessionsOf(toAlice, new SharedKey(cm)),
		() => sessionsOf(toBob, new SharedKey(cm)),
		() => ({kind: 'srtp', inbound: 'keep', outbound: fromAlice.legKey()}) as const,
		() => ({kind: 'srtp', inbound: {keys: [toAlice.legKey()]}, outbound: 'keep'}) as const,
	]) {
		await t.throwsAsync(configure(0, sessions()), {code: 'KEY_IN_BOTH_DIRECTIONS'});
	}

	await parties[0].rtp.send(must(fromAlice.outbound(t).protectRtp(rtpPacket({sequenceNumber: 1}))), call.ports[0].rtp);
	t.is((await parties[1].rtp.waitFor(1)).length, 1);
});

test('what follows a key is checked by name', async (t) => {
	const call = await openHalfSealed(t, new SharedKey(cm));
	const inbound = (rules: object) => rekey(call, new SharedKey(cm), rules);
	const outbound = (rules: object) =>
		call.plane.configureLeg(call.relay, 0, {
			remote: remoteOf(call.parties[0]),
			sessions: {kind: 'srtp', inbound: 'keep', outbound: {...new SharedKey(cm).legKey(), ...rules}},
		});
	await t.throwsAsync(inbound({rollover: 'forget'}), {instanceOf: TypeError, message: /inbound\.rollover/});
	await t.throwsAsync(inbound({rekeyGraceMs: 60_001}), {instanceOf: RangeError, message: /inbound\.rekeyGraceMs/});
	await t.throwsAsync(inbound({whenExpired: 'go-on'}), {instanceOf: TypeError, message: /inbound\.whenExpired/});
	await t.throwsAsync(inbound({lateJoinRollovers: 65}), {
		instanceOf: RangeError,
		message: /inbound\.lateJoinRollovers/,
	});
	await t.throwsAsync(inbound({surprise: 1}), {instanceOf: TypeError, message: /surprise/});
	await t.throwsAsync(outbound({rollover: 1}), {instanceOf: TypeError, message: /outbound\.rollover/});
	await t.throwsAsync(outbound({whenExpired: 'stop'}), {instanceOf: TypeError, message: /whenExpired/});
});
