import {once} from 'node:events';
import test from 'ava';
import {systemClock} from '#dist/base/clock.js';
import {SourceBudgets} from '#dist/core/admission/source-budgets.js';
import {allowedMethods} from '#dist/gateway/call-messages.js';
import {Gateway} from '#dist/gateway/index.js';
import {SipEndpoint} from '#dist/io/sip/index.js';
import {openRawCall, passes, watchRequests, whileSpeaking} from './support/raw-call.js';
import {cryptoLine, cryptoLinesOf, directionIn, versionOf} from './support/sdp.js';
import {empties, nothing, settles} from './support/world.js';

test.serial('another user part goes on with a call from its snapshot, and media never notices', async (t) => {
	const call = await openRawCall(t, {aliceSide: 'sdes'});
	const {gateway, bob, alice} = call;
	const {toolbox, media} = gateway.domains;
	const before = versionOf(bob.peerSdp);
	const bobsKey = cryptoLinesOf(bob.peerSdp)[0]?.key;
	// As a message port would carry it.
	const snapshots = structuredClone(gateway.running.gateway.snapshot());
	t.is(snapshots.length, 1);
	t.deepEqual(
		snapshots[0]?.legs.map(({name}) => name),
		['caller', 'callee'],
	);

	const endpoint = await SipEndpoint.open({
		listen: [{transport: 'tcp', address: '127.0.0.1', port: 0}],
		role: 'intermediary',
		abilities: {methods: allowedMethods, extensions: []},
	});
	t.teardown(() => endpoint.close());
	const target = {transport: 'tcp', ...endpoint.localAddress('tcp')} as const;
	const second = new Gateway({
		endpoint,
		toolbox,
		media,
		clock: systemClock,
		sources: new SourceBudgets({}),
		suites: ['AES_CM_128_HMAC_SHA1_80'],
		routes: [],
		contact: `sip:sallyport@127.0.0.1:${target.port};transport=tcp`,
		silence: {rtpTimeoutMs: 0, rtcpTimeoutMs: 0},
		callerRules: () => ({}),
		maxRingingMs: 1000,
	});
	for (const side of [bob, alice]) {
		side.target = target;
	}

	await whileSpeaking(call, async () => {
		second.restore(snapshots);
		t.deepEqual(second.calls, gateway.running.gateway.calls);
		t.is((await bob.offer(bob.sdp())).status, 200, 'a refresh');
		t.is(versionOf(bob.peerSdp), before, 'our description goes on where it was');
		t.deepEqual(cryptoLinesOf(bob.peerSdp)[0]?.key, bobsKey);
	});
	t.deepEqual([bob.heard.length, alice.heard.length], [alice.said, bob.said]);

	const held = alice.answerNext(() => alice.sdp({lines: ['a=recvonly']}));
	t.is((await bob.offer(bob.sdp({lines: ['a=sendonly']}))).status, 200);
	t.is(directionIn(await held), 'sendonly');
	const resumed = alice.answerNext();
	t.is((await bob.offer(bob.sdp())).status, 200);
	await resumed;
	const fresh = Buffer.alloc(30, 'a key that nobody should have');
	t.is((await alice.offer(alice.sdp({crypto: [cryptoLine(1, fresh)]}))).status, 200);
	alice.speakUnder(fresh);
	t.deepEqual(await passes(call), [true, true]);

	for (const {party} of [bob, alice]) {
		party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	}

	const atAlice = watchRequests(alice);
	const ended = once(second, 'call-ended');
	t.is((await bob.send('BYE')).status, 200);
	t.is((await ended)[1], 'bye');
	t.true(
		(
			await settles(
				() => atAlice,
				(seen) => seen.length > 0,
			)
		).some((seen) => seen.startsWith('BYE')),
	);
	t.deepEqual(await empties(gateway), nothing);
});
