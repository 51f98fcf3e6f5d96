import {MasterKey} from '#dist/trusted/media/srtp/master-key.js';
import {SrtpInbound} from '#dist/trusted/media/srtp/srtp-inbound.js';
import {readShared, testWithShared} from '../../wire/shared-vectors.js';
import {remoteOf} from './support/phone.js';
import {dropsOf, isBalanced, must, openCall, SharedKey, settled, srtpSettings} from './support/plane.js';

// The shared cases of key reuse, played against a relay; `npm run conformance` plays them against single contexts.

const profile = 'AES_CM_128_HMAC_SHA1_80';

type Vectors = {
	readonly masterKey: string;
	readonly masterSalt: string;
	readonly cases: readonly (Readonly<Record<string, string>> & {
		readonly packets: readonly string[];
		readonly plain: readonly string[];
		readonly packetsPlain: readonly string[];
	})[];
};

const shared = readShared<Vectors>('attacks', 'media-keyreuse.json');
const all: Vectors = shared ?? {masterKey: '', masterSalt: '', cases: []};
const withVectors = testWithShared(['attacks', 'media-keyreuse.json']);

function caseOf(id: string) {
	const found = all.cases.find((each) => each['id'] === id);
	if (found === undefined) {
		throw new Error(`Expected a case ${id}.`);
	}

	return found;
}

const fromHex = (text: string) => Buffer.from(text, 'hex');
const legKey = (keyAndSalt: string) => ({slot: MasterKey.fromBytes(profile, fromHex(keyAndSalt)).deposit()});

withVectors('of two packets of one key, SSRC and index a relay opens one', async (t) => {
	const {packets, plain} = caseOf('dev-two-time-pad');
	const inbound = {keys: [legKey(all.masterKey + all.masterSalt)]};
	const outbound = new SharedKey(profile).legKey();
	const call = await openCall(t, [{sessions: {kind: 'srtp', inbound, outbound}}, {}]);
	for (const packet of packets) {
		await call.parties[0].rtp.send(fromHex(packet), call.ports[0].rtp);
	}

	const statistics = await settled(call, 0, 2);
	t.deepEqual(dropsOf(statistics, 0), {replayed: 1});
	const [heard] = (await call.parties[1].rtp.waitFor(1)) as [Buffer];
	t.is(heard.subarray(12).toString('hex'), plain[0] ?? '');
	t.true(isBalanced(statistics));
});

withVectors(
	'a packet that comes back to a relay fails its tag, and one key for both directions is refused',
	async (t) => {
		const {packet = '', sendKey = '', receiveKey = ''} = caseOf('dev-reflection');
		const call = await openCall(t, [
			{sessions: {kind: 'srtp', inbound: {keys: [legKey(receiveKey)]}, outbound: legKey(sendKey)}},
			{},
		]);
		await call.parties[0].rtp.send(fromHex(packet), call.ports[0].rtp);
		t.deepEqual(dropsOf(await settled(call, 0, 1), 0), {'bad-tag': 1});
		await t.throwsAsync(
			call.plane.configureLeg(call.relay, 0, {
				remote: remoteOf(call.parties[0]),
				sessions: {kind: 'srtp', inbound: {keys: [legKey(sendKey)]}, outbound: 'keep'},
			}),
			{code: 'KEY_IN_BOTH_DIRECTIONS'},
		);
	},
);

for (const id of ['dev-ssrc-collision', 'dev-seq-restart']) {
	withVectors(`what leaves a relay never repeats an index under one key: ${id}`, async (t) => {
		const each = caseOf(id);
		const plain = (each.packetsPlain ?? each.packets).map(fromHex);
		const toAlice = new SharedKey(profile);
		const call = await openCall(t, [srtpSettings(new SharedKey(profile), toAlice), {}]);
		for (const packet of plain) {
			await call.parties[1].rtp.send(packet, call.ports[1].rtp);
		}

		const statistics = await settled(call, 1, plain.length);
		t.true(isBalanced(statistics));
		const sent = statistics[0].sent.packets;
		t.true(sent > 0);
		const inbound = new SrtpInbound({keys: [{masterKey: toAlice.masterKey()}]});
		t.teardown(() => inbound.destroy());
		// A context that saw an index refuses it: what all opens was all apart.
		for (const sealed of await call.parties[0].rtp.waitFor(sent)) {
			must(inbound.unprotectRtp(sealed));
		}
	});
}
