import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {join} from 'node:path';
import test from 'ava';
import {alice, alicesPhone} from '#dist/cli/demo/demo-world.js';
import type {CallSummary} from '#dist/gateway/index.js';
import {header} from '#dist/wire/sip/headers.js';
import {
	hangUp,
	openRawCall,
	passes,
	type RawCallOptions,
	type RawSide,
	watchRequests,
	whileSpeaking,
} from './support/raw-call.js';
import {cryptoLine, cryptoLinesOf, directionIn, portOf, sdpText, versionOf} from './support/sdp.js';
import {empties, nothing, openTestGateway, settles} from './support/world.js';

const eachSide: readonly RawCallOptions[] = [
	{bobSide: 'sealed', aliceSide: 'sealed'},
	{bobSide: 'sdes', aliceSide: 'clear'},
];

function keyIn(sdp: string): string {
	return cryptoLinesOf(sdp)[0]?.key.toString('base64') ?? '';
}

for (const sides of eachSide) {
	const named = `${sides.bobSide} and ${sides.aliceSide}`;

	test.serial(
		`a refresh with the same SDP changes nothing, and the other side hears nothing of it: ${named}`,
		async (t) => {
			const call = await openRawCall(t, sides);
			const {bob, alice} = call;
			const [atBob, atAlice] = [watchRequests(bob), watchRequests(alice)];
			const before = [bob.peerSdp, alice.peerSdp];
			const same = [bob.sdp(), alice.sdp()];
			await whileSpeaking(call, async () => {
				for (let times = 0; times < 2; times++) {
					t.is((await bob.offer(same[0] ?? '')).status, 200);
					t.is((await alice.offer(same[1] ?? '')).status, 200);
				}

				t.is((await bob.offer(same[0] ?? '', 'UPDATE')).status, 200);
			});
			t.deepEqual([keyIn(bob.peerSdp), keyIn(alice.peerSdp)], before.map(keyIn), 'our keys stay');
			t.is(versionOf(bob.peerSdp), versionOf(before[0] ?? ''), 'our description is the same (RFC 3264 §8)');
			t.deepEqual([atBob, atAlice], [[], []]);
			t.deepEqual([bob.heard.length, alice.heard.length], [alice.said, bob.said], 'no packet is lost');
			t.is(bob.unopened + alice.unopened, 0);
			t.is((await bob.send('UPDATE')).status, 200, 'a refresh without a body');
			await hangUp(call);
			t.deepEqual(await empties(call.gateway), nothing);
		},
	);

	test.serial(`hold and resume reach the other side, by direction and by an address of zeros: ${named}`, async (t) => {
		const call = await openRawCall(t, sides);
		const {bob, alice} = call;
		for (const [holder, held, hold, asked] of [
			[bob, alice, {lines: ['a=sendonly']}, 'sendonly'],
			[bob, alice, {address: '0.0.0.0'}, 'sendonly'],
			[alice, bob, {lines: ['a=sendonly']}, 'sendonly'],
			[bob, alice, {lines: ['a=inactive']}, 'inactive'],
		] as const) {
			const answer = asked === 'inactive' ? 'inactive' : 'recvonly';
			const heldBefore = keyIn(held.peerSdp);
			const offered = held.answerNext(() => held.sdp({lines: [`a=${answer}`]}));
			const {status, sdp} = await holder.offer(holder.sdp(hold));
			t.is(status, 200);
			t.is(directionIn(await offered), asked);
			t.is(directionIn(sdp), answer);
			t.is(keyIn(held.peerSdp), heldBefore, 'our key to the held side stays');
			const [toAlice, toBob] = await passes(call);
			const [fromHolder, toHolder] = holder === bob ? [toAlice, toBob] : [toBob, toAlice];
			t.deepEqual([fromHolder, toHolder], [asked === 'sendonly', false], `${asked} of ${holder.party.aor}`);

			const resumed = held.answerNext();
			t.is((await holder.offer(holder.sdp())).status, 200);
			t.is(directionIn(await resumed), 'sendrecv');
			t.deepEqual(await passes(call), [true, true]);
		}

		await hangUp(call);
		t.deepEqual(await empties(call.gateway), nothing);
	});
}

for (const method of ['INVITE', 'UPDATE'] as const) {
	test.serial(
		`a new key by ${method} loses no packet, gets a new one of ours, and is no business of the other side`,
		async (t) => {
			const call = await openRawCall(t);
			const {bob, alice} = call;
			const atAlice = watchRequests(alice);
			const old = bob.key;
			const before = keyIn(bob.peerSdp);
			const alices = keyIn(alice.peerSdp);
			const fresh = randomBytes(30);
			await whileSpeaking(call, async () => {
				const {status} = await bob.offer(bob.sdp({crypto: [cryptoLine(1, fresh)]}), method);
				t.is(status, 200);
				bob.speakUnder(fresh);
				await settles(
					() => bob.heardUnder,
					(age) => age === 1,
					3000,
				);
			});
			t.not(keyIn(bob.peerSdp), before);
			t.is(keyIn(alice.peerSdp), alices);
			t.deepEqual([bob.heard.length, alice.heard.length], [alice.said, bob.said]);
			t.is(bob.unopened, 0);
			t.is(bob.heardUnder, 1, 'we send under our new key once Bob has it');
			t.deepEqual(atAlice, []);

			t.is((await bob.offer(bob.sdp({crypto: [cryptoLine(1, old)]}))).status, 403, 'back to a retired key (V11)');
			t.is((await bob.offer(bob.sdp())).status, 200, 'the session goes on');
			t.deepEqual(await passes(call), [true, true]);
			await hangUp(call);
			t.deepEqual(await empties(call.gateway), nothing);
		},
	);
}

test.serial(
	'a new address needs a new key; then both directions move there, under keys that are all new (V17)',
	async (t) => {
		const call = await openRawCall(t);
		const {bob, alice} = call;
		const before = keyIn(bob.peerSdp);
		const elsewhere = bob.socket.address().port === 40_000 ? 40_002 : 40_000;
		t.is((await bob.offer(bob.sdp({port: elsewhere}))).status, 403);
		t.deepEqual(await passes(call), [true, true], 'refused, all is as it was');

		const fresh = randomBytes(30);
		const moved = await bob.moveTo(t);
		const {status} = await bob.offer(bob.sdp({port: moved, crypto: [cryptoLine(1, fresh)]}));
		t.is(status, 200);
		bob.speakUnder(fresh);
		t.not(keyIn(bob.peerSdp), before);
		await settles(
			() => passes(call),
			([one, two]) => one && two,
			3000,
		);
		t.deepEqual(await passes(call), [true, true]);
		t.is((await bob.offer(bob.sdp())).status, 200);
		t.is(alice.unopened + bob.unopened, 0);
		await hangUp(call);
		t.deepEqual(await empties(call.gateway), nothing);
	},
);

test.serial(
	'what is refused leaves the session as it was, and may be offered again (L13); glare is told (491)',
	async (t) => {
		const call = await openRawCall(t);
		const {bob, alice} = call;
		const fresh = randomBytes(30);
		const newKeyAndHold = bob.sdp({crypto: [cryptoLine(1, fresh)], lines: ['a=sendonly']});
		for (const [status, toBob] of [
			[488, 488],
			[491, 491],
			[500, 488],
		] as const) {
			const refused = alice.refuseNext(status);
			t.is((await bob.offer(newKeyAndHold)).status, toBob);
			await refused;
			t.deepEqual(await passes(call), [true, true], 'under the old keys');
		}

		// Alice offers while Bob's offer waits for her.
		const asked = alice.party.next();
		const offered = bob.offer(newKeyAndHold);
		const pending = await asked;
		const crossing = alice.party.endpoint.request(
			await alice.close(alice.dialog.makeRequest('INVITE', {headers: [alice.party.contact]}), alice.sdp()),
			call.gateway.target('tcp'),
		);
		const outcome = await crossing.outcome;
		t.is(outcome.ok && outcome.value.status, 491);
		alice.dialog.abandonInvite();
		await alice.read(pending.request);
		await alice.answer(pending, alice.sdp({lines: ['a=recvonly']}));
		t.is((await offered).status, 200, 'the key that was refused is taken now');
		bob.speakUnder(fresh);
		t.deepEqual(await passes(call), [true, false], 'held');

		for (const [what, sdp] of Object.entries({
			'no stream': bob.sdp({port: 0}),
			'other formats only': bob.sdp({formats: '9', lines: ['a=sendonly']}),
			'another protocol': bob.sdp({protocol: 'UDP/TLS/RTP/SAVP'}),
			'no keys': sdpText({port: bob.socket.address().port}),
			'no SDP': 'v=0\r\n',
		})) {
			const atAlice = alice.party.next().then((incoming) => {
				alice.dialog.receiveRequest(incoming.request);
				alice.dialog.answerInvite(488);
				incoming.respond(incoming.makeResponse(488, 'Not Acceptable Here'));
			});
			t.is((await bob.offer(sdp)).status, 488, what);
			t.deepEqual(await passes(call), [true, false], what);
			void atAlice;
		}

		t.is((await bob.send('INVITE')).status, 488, 'an offer is not made on demand');
		await hangUp(call);
		t.deepEqual(await empties(call.gateway), nothing);
	},
);

test.serial(
	'of two keys that were offered the one not chosen may come in a refresh, and be changed to (L14)',
	async (t) => {
		const spare = randomBytes(30);
		const first = randomBytes(30);
		const both = [cryptoLine(1, first), cryptoLine(2, spare)];
		const call = await openRawCall(t, {offer: {crypto: both}});
		const {bob} = call;
		bob.speakUnder(first);
		const before = keyIn(bob.peerSdp);
		const refreshed = await bob.offer(bob.sdp({crypto: [cryptoLine(1, spare), cryptoLine(2, first)]}));
		t.is(refreshed.status, 200);
		t.is(cryptoLinesOf(refreshed.sdp)[0]?.tag, 2, 'the key in force stays, wherever it stands');
		t.is(keyIn(refreshed.sdp), before);
		t.deepEqual(await passes(call), [true, true]);

		const changed = await bob.offer(bob.sdp({crypto: [cryptoLine(1, spare)]}));
		t.is(changed.status, 200);
		t.not(keyIn(changed.sdp), before);
		bob.speakUnder(spare);
		t.deepEqual(await passes(call), [true, true]);
		await hangUp(call);
		t.deepEqual(await empties(call.gateway), nothing);
	},
);

for (const leg of ['caller', 'callee'] as const) {
	test.serial(
		`when the key to the ${leg} is worn the gateway offers a new one; when it expires, the call ends`,
		async (t) => {
			const call = await openRawCall(t);
			const {gateway, bob, alice} = call;
			const side: RawSide = leg === 'caller' ? bob : alice;
			const [{call: id}] = gateway.running.gateway.calls as [CallSummary];
			const before = keyIn(side.peerSdp);
			await whileSpeaking(call, async () => {
				const refused = side.refuseNext(491);
				gateway.domains.media.emit('event', {kind: 'rekey-due', call: id, leg});
				await refused;
				await side.answerNext();
				await settles(
					() => side.heardUnder,
					(age) => age === 1,
					3000,
				);
			});
			t.not(keyIn(side.peerSdp), before);
			t.is(side.heardUnder, 1);
			t.deepEqual([bob.heard.length, alice.heard.length], [alice.said, bob.said]);
			t.is(bob.unopened + alice.unopened, 0);

			for (const each of [bob, alice]) {
				each.party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
			}

			const ended = once(gateway.running.gateway, 'call-ended');
			gateway.domains.media.emit('event', {kind: 'key-expired', call: id, leg, direction: 'outbound'});
			t.is((await ended)[1], 'key-expired');
			t.deepEqual(await empties(gateway), nothing);
		},
	);
}

test.serial('who hangs up while the other side is asked ends the call, and nothing is left', async (t) => {
	const call = await openRawCall(t);
	const {gateway, bob, alice} = call;
	const asked = alice.party.next();
	const offered = bob.offer(bob.sdp({lines: ['a=sendonly']}));
	await asked;
	bob.party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	t.is((await alice.send('BYE')).status, 200);
	t.is((await offered).status, 487);
	t.deepEqual(await empties(gateway), nothing);
});

test.serial('a peer that lost its dialog (481) or takes another session to be in force ends the call', async (t) => {
	for (const [what, react] of Object.entries({
		'481': async (alice: RawSide) => {
			await alice.refuseNext(481);
		},
		'an answer with our own key': async (alice: RawSide) => {
			await alice.answerNext((offer) =>
				sdpText({port: portOf(alice.sdp()), crypto: [cryptoLine(1, cryptoLinesOf(offer)[0]?.key)]}),
			);
		},
	})) {
		const {gateway, bob, alice} = await openRawCall(t);
		const ended = once(gateway.running.gateway, 'call-ended');
		const reacted = react(alice).then(() => {
			alice.party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
		});
		const byeToBob = bob.party.next();
		const {status} = await bob.offer(bob.sdp({lines: ['a=sendonly']}));
		t.true(status === 480 || status === 502, `${status}: ${what}`);
		const bye = await byeToBob;
		t.is(bye.request.method, 'BYE');
		bye.respond(bye.makeResponse(200, 'OK'));
		await reacted;
		t.regex(String((await ended)[1]), /^(?:PEER_REFUSED|KEY_REUSED)$/);
		t.deepEqual(await empties(gateway), nothing);
	}
});

test.serial('the gateway takes UPDATE and claims no session timer', async (t) => {
	const call = await openRawCall(t);
	const options = await call.bob.send('OPTIONS');
	t.regex(header(options, 'Allow') ?? '', /UPDATE/);
	t.is(header(options, 'Supported'), undefined);
	await hangUp(call);
	t.deepEqual(await empties(call.gateway), nothing);
});

test.serial(
	'between two gateways every offer and answer is sealed, bound to its message, and carried on',
	async (t) => {
		const call = await openRawCall(t, {
			bobSide: 'clear',
			aliceSide: 'sealed',
			change: (options) => ({
				...options,
				toolbox: {
					...options.toolbox,
					peers: (options.toolbox.peers ?? []).map((peer) =>
						peer.name === 'alice' ? {...peer, binding: 'proxy' as const} : peer,
					),
				},
			}),
			through: {
				protection: 'clear',
				open: async (world, alicePort) => {
					const {protection} = alicesPhone(world, {wav: '', maxSeconds: 1});
					const peers = protection.kind === 'toolbox' ? protection.peers : [];
					const second = await openTestGateway(t, world, alicePort, (options) => ({
						...options,
						suites: ['AES_CM_128_HMAC_SHA1_80'],
						routes: options.routes.map((route) => ({...route, protection: 'clear' as const})),
						toolbox: {
							...options.toolbox,
							directory: join(world.folder, 'second-state'),
							identities: [{certificate: world.alice.certificatePem, privateKey: world.alice.privateKeyPem}],
							peers: [
								...peers,
								{name: 'telephone', match: {aor: alice}, protection: {inbound: 'clear', outbound: 'clear'}},
							],
						},
					}));
					return second.target('tcp').port;
				},
			},
		});
		const {gateway, bob, alice: other} = call;
		t.is(gateway.running.gateway.calls[0]?.suites.callee, 'AES_CM_128_HMAC_SHA1_80');
		t.deepEqual(await passes(call), [true, true]);
		const alicesTarget = {
			...other.target,
			port: Number(/:(\d+)/.exec(other.dialog.remoteTarget.replace(/^sips?:[^@]*@/, ''))?.[1]),
		};
		other.target = alicesTarget;
		for (const [holder, held] of [
			[bob, other],
			[other, bob],
		] as const) {
			const offered = held.answerNext(() => held.sdp({lines: ['a=recvonly']}));
			t.is((await holder.offer(holder.sdp({lines: ['a=sendonly']}))).status, 200);
			t.is(directionIn(await offered), 'sendonly');
			const resumed = held.answerNext();
			t.is((await holder.offer(holder.sdp())).status, 200);
			await resumed;
			t.deepEqual(await passes(call), [true, true]);
		}

		const [{call: id}] = gateway.running.gateway.calls as [CallSummary];
		await whileSpeaking(call, async () => {
			const before = await gateway.running.readLedger(100);
			gateway.domains.media.emit('event', {kind: 'rekey-due', call: id, leg: 'callee'});
			const installed = await settles(
				async () =>
					(await gateway.running.readLedger(100)).filter(({kind, state}) => kind === 'key' && state === 'installed'),
				(keys) => keys.some(({fingerprint}) => !before.some((entry) => entry.fingerprint === fingerprint)),
			);
			t.true(installed.length > 0);
		});
		t.deepEqual(
			[bob.heard.length, other.heard.length],
			[other.said, bob.said],
			'a re-key between the gateways loses nothing',
		);
		await hangUp(call);
		t.deepEqual(await empties(gateway), nothing);
	},
);
