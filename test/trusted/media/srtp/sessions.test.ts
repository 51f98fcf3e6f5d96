import {inspect} from 'node:util';
import test from 'ava';
import {MasterKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {InsecureSecretAccess, revealMasterKey} from '#dist/trusted/media/srtp/insecure-secret-access.js';
import {keyBytes, pair, rtcp, rtp, successOf, suiteNames, verdictOf} from './packets.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';

test('several keys are told apart by their MKI, and one that is not theirs is refused', (t) => {
	for (const name of suiteNames) {
		const keys = [1, 2, 3].map((first) => ({
			masterKey: MasterKey.fromBytes(name, keyBytes(name, first)),
			mki: new Uint8Array(128).fill(first),
		}));
		const inbound = new SrtpInbound({keys});
		for (const [position, key] of keys.entries()) {
			const outbound = new SrtpOutbound({keys, activeMki: key.mki});
			const packet = successOf(outbound.protectRtp(rtp({sequenceNumber: position})));
			t.deepEqual(packet.subarray(...mkiRange(name, packet)), key.mki);
			t.is(verdictOf(inbound.unprotectRtp(packet)), 'OK');
			t.is(verdictOf(inbound.unprotectRtcp(successOf(outbound.protectRtcp(rtcp(position))))), 'OK');
		}

		const stranger = new SrtpOutbound({keys: [{masterKey: MasterKey.generate(name), mki: new Uint8Array(128)}]});
		t.is(verdictOf(inbound.unprotectRtp(successOf(stranger.protectRtp(rtp())))), 'UNKNOWN_MKI');
		t.is(verdictOf(inbound.unprotectRtcp(successOf(stranger.protectRtcp(rtcp())))), 'UNKNOWN_MKI');
	}
});

test('a session keeps state for no more sources than it may, and forgeries do not take their places', (t) => {
	const {outbound, inbound} = pair(suite, {maxSources: 2});
	const forger = new SrtpOutbound({keys: [{masterKey: MasterKey.generate(suite)}]});
	for (const ssrc of [10, 11, 12]) {
		t.is(verdictOf(inbound.unprotectRtp(successOf(forger.protectRtp(rtp({ssrc}))))), 'BAD_TAG');
	}

	const other = pair(suite).outbound;
	for (const [ssrc, expected] of [
		[1, 'OK'],
		[2, 'OK'],
		[3, 'TOO_MANY_SOURCES'],
	] as const) {
		t.is(verdictOf(outbound.protectRtp(rtp({ssrc}))), expected);
		t.is(verdictOf(outbound.protectRtcp(rtcp(ssrc))), expected);
		t.is(verdictOf(inbound.unprotectRtcp(successOf(other.protectRtcp(rtcp(ssrc))))), expected);
		t.is(verdictOf(inbound.unprotectRtp(successOf(other.protectRtp(rtp({ssrc}))))), expected);
	}

	t.throws(() => inbound.setRolloverCounter(3, 1), {code: 'TOO_MANY_SOURCES'});
	t.throws(() => outbound.setRolloverCounter(3, 1), {code: 'TOO_MANY_SOURCES'});
});

test('a key ends with its lifetime on both sides', (t) => {
	// Packets are counted over all sessions of a key: this one is nobody else's.
	const masterKey = MasterKey.generate('AEAD_AES_128_GCM');
	const outbound = new SrtpOutbound({keys: [{masterKey, lifetimePackets: 2}]});
	const inbound = new SrtpInbound({keys: [{masterKey, lifetimePackets: 2}]});
	const unlimited = new SrtpOutbound({keys: [{masterKey}]});
	for (const [sequenceNumber, expected] of [
		[1, 'OK'],
		[2, 'OK'],
		[3, 'KEY_EXPIRED'],
	] as const) {
		t.is(verdictOf(outbound.protectRtp(rtp({sequenceNumber}))), expected);
	}

	t.is(verdictOf(outbound.protectRtcp(rtcp())), 'KEY_EXPIRED');
	for (const [sequenceNumber, expected] of [
		[1, 'OK'],
		[2, 'OK'],
		[3, 'KEY_EXPIRED'],
	] as const) {
		t.is(verdictOf(inbound.unprotectRtp(successOf(unlimited.protectRtp(rtp({sequenceNumber}))))), expected);
	}

	t.is(verdictOf(inbound.unprotectRtcp(successOf(unlimited.protectRtcp(rtcp())))), 'KEY_EXPIRED');
});

test('the 48 bits of the packet index do not start again', (t) => {
	const {outbound, inbound} = pair();
	outbound.setRolloverCounter(0xca_fe_ba_be, 0xff_ff_ff_ff);
	inbound.setRolloverCounter(0xca_fe_ba_be, 0xff_ff_ff_ff);
	const last = successOf(outbound.protectRtp(rtp({sequenceNumber: 0xff_ff})));
	t.is(verdictOf(inbound.unprotectRtp(last)), 'OK');
	t.is(verdictOf(outbound.protectRtp(rtp({sequenceNumber: 0}))), 'INDEX_EXHAUSTED');
	t.is(verdictOf(inbound.unprotectRtp(successOf(pair().outbound.protectRtp(rtp({sequenceNumber: 0}))))), 'KEY_EXPIRED');
});

test('a rollover counter does not go back to where packets could repeat', (t) => {
	const {outbound, inbound} = pair();
	for (const session of [outbound, inbound]) {
		session.setRolloverCounter(0xca_fe_ba_be, 7);
		session.setRolloverCounter(0xca_fe_ba_be, 5);
	}

	const first = successOf(outbound.protectRtp(rtp()));
	t.is(verdictOf(inbound.unprotectRtp(first)), 'OK');
	for (const session of [outbound, inbound]) {
		t.throws(() => session.setRolloverCounter(0xca_fe_ba_be, 4), {instanceOf: RangeError});
		session.setRolloverCounter(0xca_fe_ba_be, 5);
	}

	t.is(verdictOf(outbound.protectRtp(rtp())), 'REPEATED_INDEX');
	t.is(verdictOf(inbound.unprotectRtp(first)), 'REPLAYED');
});

test('SRTCP that is not encrypted is refused, also where its tag would be right', (t) => {
	for (const name of suiteNames) {
		const {outbound, inbound} = pair(name);
		const packet = successOf(outbound.protectRtcp(rtcp()));
		const index = packet.length - (name.startsWith('AEAD') ? 4 : 14);
		packet[index] = (packet[index] ?? 0) & 0x7f;
		t.is(verdictOf(inbound.unprotectRtcp(packet)), 'MALFORMED');
	}
});

test('a master key goes through the vault once', (t) => {
	const key = MasterKey.generate('AEAD_AES_256_GCM');
	const bytes = revealMasterKey(key, new InsecureSecretAccess());
	const slot = key.deposit();
	t.regex(slot, /^[0-9a-f]{32}$/);
	t.throws(() => key.deposit(), {code: 'KEY_DESTROYED'});
	const claimed = MasterKey.claim(slot);
	t.is(claimed.suite, 'AEAD_AES_256_GCM');
	t.deepEqual(revealMasterKey(claimed, new InsecureSecretAccess()), bytes);
	t.throws(() => MasterKey.claim(slot), {code: 'KEY_SLOT_EMPTY'});
});

test('a master key shows nothing of itself and is read only with a token', (t) => {
	const key = MasterKey.fromBytes(suite, keyBytes(suite));
	t.is(`${key} ${JSON.stringify(key)} ${inspect(key)}`, '[MasterKey] "[MasterKey]" [MasterKey]');
	t.deepEqual(Object.keys(key), ['suite']);
	t.throws(() => revealMasterKey(key, {} as InsecureSecretAccess), {instanceOf: TypeError});
	t.deepEqual(revealMasterKey(key, new InsecureSecretAccess()), keyBytes(suite));
	key.destroy();
	key.destroy();
	t.throws(() => revealMasterKey(key, new InsecureSecretAccess()), {code: 'KEY_DESTROYED'});
	t.throws(() => new SrtpInbound({keys: [{masterKey: key}]}), {code: 'KEY_DESTROYED'});
});

test('generated keys have the length of their suite and differ', (t) => {
	for (const name of suiteNames) {
		const [one, other] = [MasterKey.generate(name), MasterKey.generate(name)].map((key) =>
			revealMasterKey(key, new InsecureSecretAccess()),
		);
		t.is(one?.length, keyBytes(name).length);
		t.notDeepEqual(one, other);
	}
});

test("a caller's mistakes are thrown with what was expected", (t) => {
	const masterKey = MasterKey.fromBytes(suite, keyBytes(suite));
	const mistakes: [unknown, RegExp][] = [
		[undefined, /object of options/],
		[{keys: masterKey}, /array for `keys`/],
		[{keys: []}, /at least one key/],
		[{keys: [{masterKey}], window: 3}, /unknown option `window`/],
		[{keys: [{masterKey, key: 3}]}, /unknown option `key`/],
		[{keys: [{masterKey}], replayWindowPackets: 63}, /64 to 32767 for `replayWindowPackets`, got 63/],
		[{keys: [{masterKey}], maxSources: 0}, /1 to 4096 for `maxSources`, got 0/],
		[{keys: [{masterKey, lifetimePackets: 0}]}, /`lifetimePackets`, got 0/],
		[{keys: [{masterKey, mki: new Uint8Array(129)}]}, /1 to 128 for `mki.length`, got 129/],
		[{keys: [{masterKey, mki: new Uint8Array(0)}]}, /1 to 128 for `mki.length`, got 0/],
		[{keys: [{masterKey: {}}]}, /MasterKey/],
		[{keys: [{masterKey}, {masterKey}]}, /an MKI for each/],
		[
			{
				keys: [
					{masterKey, mki: Uint8Array.of(1)},
					{masterKey, mki: Uint8Array.of(1)},
				],
			},
			/MKIs that differ/,
		],
		[
			{
				keys: [
					{masterKey, mki: Uint8Array.of(1)},
					{masterKey, mki: Uint8Array.of(1, 2)},
				],
			},
			/of one length/,
		],
		[
			{
				keys: [
					{masterKey, mki: Uint8Array.of(1)},
					{masterKey: MasterKey.generate('AEAD_AES_128_GCM'), mki: Uint8Array.of(2)},
				],
			},
			/keys of one suite/,
		],
	];
	for (const [options, message] of mistakes) {
		t.throws(() => new SrtpInbound(options as never), {message});
		t.throws(() => new SrtpOutbound(options as never), {message});
	}

	t.throws(() => new SrtpOutbound({keys: [{masterKey}], activeMki: Uint8Array.of(1)}), {message: /activeMki/});
	t.throws(() => MasterKey.fromBytes(suite, new Uint8Array(29)), {message: /30 octets .* got 29/});
	t.throws(() => MasterKey.fromBytes('AES_CM_128' as never, new Uint8Array(30)), {instanceOf: RangeError});
	t.throws(() => MasterKey.claim(3 as never), {instanceOf: TypeError});
	const {inbound} = pair();
	t.throws(() => inbound.unprotectRtp('packet' as never), {instanceOf: TypeError});
	t.throws(() => inbound.rolloverCounter(-1), {instanceOf: RangeError});
	t.throws(() => inbound.setRolloverCounter(1, 2 ** 32), {instanceOf: RangeError});
});

function mkiRange(name: string, packet: Uint8Array): [number, number] {
	const behind = name.startsWith('AEAD') ? 0 : name.endsWith('_32') ? 4 : 10;
	return [packet.length - behind - 128, packet.length - behind];
}
