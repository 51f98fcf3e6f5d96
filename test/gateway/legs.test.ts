import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {alice, bob} from '#dist/cli/demo/demo-world.js';
import {Dialog} from '#dist/core/sip/index.js';
import {withSdp} from '#dist/gateway/call-messages.js';
import type {Refusal} from '#dist/gateway/index.js';
import {MasterKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, cryptoLinesOf, portOf, sdpText} from './support/sdp.js';
import {empties, makeTestWorld, nothing, openTestGateway, openTestSocket} from './support/world.js';

type Protection = 'sealed' | 'sdes' | 'clear';
const suite = 'AES_CM_128_HMAC_SHA1_80';

/** Bob speaks to the gateway as `callerSide` says, the gateway to Alice as `calleeSide` says. */
async function openScene(
	t: ExecutionContext,
	callerSide: Protection,
	calleeSide: Protection,
	policy = {callerSide, calleeSide},
) {
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const gateway = await openTestGateway(t, world, callee.port, (options) => ({
		...options,
		suites: [suite],
		routes: options.routes.map((route) => ({...route, protection: calleeSide})),
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) => {
				const side = peer.name === 'bob' ? policy.callerSide : policy.calleeSide;
				return {...peer, binding: 'none' as const, protection: {inbound: side, outbound: side}};
			}),
		},
	}));
	return {gateway, caller, callee};
}

/** One side's media as it is on the wire: keys from its own SDP and the peer's. */
function mediaOf(ownKey: Buffer | undefined, peerSdp: string) {
	const [line] = cryptoLinesOf(peerSdp);
	const outbound = ownKey && new SrtpOutbound({keys: [{masterKey: MasterKey.fromBytes(suite, ownKey)}]});
	const inbound = line && new SrtpInbound({keys: [{masterKey: MasterKey.fromBytes(suite, line.key)}]});
	const must = (result: {readonly ok: boolean; readonly value?: Uint8Array}) => Buffer.from(result.value ?? []);
	return {
		protect: (packet: Buffer) => (outbound ? must(outbound.protectRtp(packet) as never) : packet),
		unprotect: (packet: Buffer) => (inbound ? must(inbound.unprotectRtp(packet) as never) : packet),
	};
}

function rtp(ssrc: number, sequence: number, payload: Buffer): Buffer {
	const header = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
	header.writeUInt32BE(ssrc, 8);
	header.writeUInt16BE(sequence, 2);
	header.writeUInt32BE(sequence * 160, 4);
	return Buffer.concat([header, payload]);
}

for (const [callerSide, calleeSide] of [
	['sealed', 'sdes'],
	['sdes', 'sealed'],
	['sealed', 'clear'],
	['clear', 'sealed'],
	['sdes', 'clear'],
	['sdes', 'sdes'],
] as const) {
	test.serial(
		`${callerSide} on one side and ${calleeSide} on the other: packets pass both ways, under other keys`,
		async (t) => {
			const {gateway, caller, callee} = await openScene(t, callerSide, calleeSide);
			const [atBob, atAlice] = [await openTestSocket(t), await openTestSocket(t)];
			const bobsKey = callerSide === 'clear' ? undefined : randomBytes(30);
			const offer = sdpText({
				port: atBob.address().port,
				crypto: bobsKey === undefined ? [] : [cryptoLine(1, bobsKey)],
			});
			const invitation = caller.invitation(alice);
			const outgoing = caller.endpoint.request(
				callerSide === 'sealed' ? await caller.seal(invitation, offer) : withSdp(invitation, offer, Date.now()),
				gateway.target('tcp'),
			);
			const atCallee = await callee.next();
			const {request} = atCallee;
			const offered = calleeSide === 'sealed' ? await callee.unseal(request) : Buffer.from(request.body).toString();
			t.is(/RTP\/SAVP/.test(offered), calleeSide !== 'clear');
			t.false(bobsKey !== undefined && offered.includes(bobsKey.toString('base64')), 'no key is passed through');
			const alicesKey = calleeSide === 'clear' ? undefined : randomBytes(30);
			const answer = sdpText({
				port: atAlice.address().port,
				crypto: alicesKey === undefined ? [] : [cryptoLine(1, alicesKey)],
			});
			if (calleeSide === 'sealed') {
				await callee.answer(atCallee, answer);
			} else {
				const response = atCallee.makeResponse(200, 'OK', {headers: [callee.contact]});
				atCallee.respond(withSdp(response, answer, Date.now()));
			}

			const outcome = await outgoing.outcome;
			if (!outcome.ok || outcome.value.status !== 200) {
				t.fail(JSON.stringify(outcome.ok ? outcome.value.status : outcome.failure));
				return;
			}

			const answered =
				callerSide === 'sealed' ? await caller.unseal(outcome.value) : Buffer.from(outcome.value.body).toString();
			const dialog = Dialog.fromResponse(outgoing.request, outcome.value);
			if (!dialog.ok) {
				t.fail('Expected a dialog.');
				return;
			}

			outgoing.acknowledge(dialog.value.makeAck(outgoing.request), gateway.target('tcp'));
			const bobsMedia = mediaOf(bobsKey, answered);
			const alicesMedia = mediaOf(alicesKey, offered);
			for (const [from, to, fromMedia, toMedia, toPort, ssrc] of [
				[atBob, atAlice, bobsMedia, alicesMedia, portOf(answered), 0xb0b],
				[atAlice, atBob, alicesMedia, bobsMedia, portOf(offered), 0xa11ce],
			] as const) {
				for (let sequence = 1; sequence <= 20; sequence++) {
					const payload = randomBytes(160);
					const sent = fromMedia.protect(rtp(ssrc, sequence, payload));
					from.send(sent, toPort, '127.0.0.1');
					const [arrived] = (await once(to, 'message')) as [Buffer];
					t.deepEqual(toMedia.unprotect(arrived).subarray(12), payload);
				}
			}

			callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
			t.is(await statusOf(caller.endpoint.request(dialog.value.makeRequest('BYE'), gateway.target('tcp'))), 200);
			t.deepEqual(await empties(gateway), nothing);
		},
	);
}

test.serial('a route in the clear does not lower what the policy asks', async (t) => {
	const {gateway, caller} = await openScene(t, 'sealed', 'clear', {callerSide: 'sealed', calleeSide: 'sealed'});
	const refused = once(gateway.running.gateway, 'call-refused') as Promise<[unknown, Refusal]>;
	const sealed = await caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine()]}));
	t.true([488, 500, 503].includes(Number(await statusOf(caller.endpoint.request(sealed, gateway.target('tcp'))))));
	t.log((await refused)[1].reason);
	t.deepEqual(await empties(gateway), nothing);
});

for (const protection of ['sdes', 'clear'] as const) {
	test.serial(
		`an offer ${protection} from somebody who must seal is refused before anything is made of it`,
		async (t) => {
			const {gateway, caller} = await openScene(t, 'sealed', 'sealed');
			const offer = sdpText({crypto: protection === 'sdes' ? [cryptoLine()] : []});
			const request = withSdp(caller.invitation(alice), offer, Date.now());
			t.is(await statusOf(caller.endpoint.request(request, gateway.target('tcp'))), 415, bob);
			t.deepEqual(await empties(gateway), nothing);
		},
	);
}
