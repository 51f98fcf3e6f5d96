import test from 'ava';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {MemoryLedger} from '#dist/trusted/toolbox/ledger/memory-ledger-store.js';
import {withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {
	answerOf,
	bobsAddress,
	charlesAddress,
	install,
	inviteOf,
	makeWorld,
	mint,
	openPair,
	openWorld,
	reasonOf,
	receive,
	sdpOf,
	sealedInvite,
	send,
} from './support/world.js';

test('our own signed offer that is sent back is refused (V16)', async (t) => {
	const world = await makeWorld();
	const toolbox = await Toolbox.open(
		world.options('self', world.gateway, {
			localDomains: ['gw.example.com'],
			peers: [{name: 'mirror', match: {aor: 'sip:alice@gw.example.com'}, certificate: world.gateway.certificatePem}],
		}),
		{clock: world.clock},
	);
	t.teardown(async () => {
		await toolbox.close();
		world.dispose();
	});
	t.is(reasonOf(await receive(toolbox, await sealedInvite(toolbox), {call: 'c2'})), 'OWN_SIGNATURE');
});

test('an answer that was recorded does not serve for another offer (V19)', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	const offer = await receive(callee, invite);
	t.true(offer.verdict === 'release' && (await install(callee, offer)));
	const sealed = await send(callee, answerOf(invite, sdpOf(await mint(callee, 'c1'))), {role: 'answer'});

	const other = await sealedInvite(caller, {call: 'c2'});
	t.is(other.headers.find(({name}) => name === 'Call-ID')?.value, 'call-1');
	const stolen = await receive(caller, sealed.message, {call: 'c2', role: 'answer'});
	t.is(reasonOf(stolen), 'BINDING_OFFER');
	t.is(reasonOf(await receive(caller, sealed.message, {role: 'answer'})), 'released');
	t.is(
		reasonOf(await receive(caller, sealed.message, {role: 'answer'})),
		'released',
		'a retransmission changes nothing',
	);
});

test('an answer whose outer headers were changed is refused', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	const offer = await receive(callee, invite);
	t.true(offer.verdict === 'release' && (await install(callee, offer)));
	const {message} = await send(callee, answerOf(invite, sdpOf(await mint(callee, 'c1'))), {role: 'answer'});
	const moved = withHeader(message, 'Contact', '<sip:charles@198.51.100.66>');
	t.is(reasonOf(await receive(caller, moved, {role: 'answer'})), 'BINDING_MISMATCH');
});

test('a body that is put under other headers is refused before anything is claimed', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	for (const [name, value] of [
		['Call-ID', 'call-2'],
		['From', '<sip:bob@biloxi.example.com>;tag=other'],
		['To', '<sip:carol@gw.example.com>'],
		['CSeq', '2 INVITE'],
		['Contact', '<sip:bob@198.51.100.66>'],
		['Date', 'Tue, 24 Nov 2026 06:00:00 GMT'],
	] as const) {
		const verdict = await receive(callee, withHeader(invite, name, value), {call: `x-${name}`});
		t.is(reasonOf(verdict), 'BINDING_MISMATCH', name);
		t.is(verdict.verdict === 'denial' && verdict.status, 403);
	}

	t.is(
		reasonOf(await receive(callee, withHeader(invite, 'From', '<sip:carol@biloxi.example.com>;tag=bob-1'))),
		'IDENTITY_MISMATCH',
	);
	t.is(reasonOf(await receive(callee, invite)), 'released');
});

test('the second copy of an INVITE that rings is merged on the node, without alarm (L19)', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	t.is(reasonOf(await receive(callee, invite)), 'released');
	const second = await receive(callee, invite, {call: 'c2'});
	t.is(reasonOf(second), 'MERGED');
	t.is(second.verdict === 'denial' && second.status, 482);
	const alerts = await callee.handle({kind: 'read-alerts', afterSequence: 0, limit: 10});
	t.deepEqual(alerts.verdict === 'alerts' && alerts.alerts, []);
});

test('an INVITE whose call ended before it was answered may come again in its dialog (L18, L20)', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	t.is(reasonOf(await receive(callee, invite)), 'released');
	await callee.handle({kind: 'end-call', call: 'c1', reason: '480'});
	t.is(reasonOf(await receive(callee, invite, {call: 'c2'})), 'released');
});

test('two gateways with one ledger: what one accepted the other refuses (V5)', async (t) => {
	const world = await makeWorld();
	const shared = new MemoryLedger(new Uint8Array(32));
	const {caller, callee: unused} = await openPair(world);
	// Which of the two accepts the first message is chance, and with it who knows Bob's address: the ledger alone is asked here.
	const options = (name: string) =>
		world.options(name, world.gateway, {localDomains: ['gw.example.com'], defaults: {origin: 'observe'}});
	const nodes = [
		await Toolbox.open(options('n1'), {clock: world.clock, sharedLedger: shared.open()}),
		await Toolbox.open(options('n2'), {clock: world.clock, sharedLedger: shared.open()}),
	] as const;
	t.teardown(async () => {
		await Promise.all([...nodes, caller, unused].map((toolbox) => toolbox.close()));
		world.dispose();
	});
	const both = await sealedInvite(caller, {call: 'b', callId: 'both'});
	const verdicts = await Promise.all(nodes.map((node) => receive(node, both, {call: 'b'})));
	t.deepEqual(verdicts.map(reasonOf).sort(), ['MERGED', 'released']);

	const invite = await sealedInvite(caller);
	const offer = await receive(nodes[0], invite);
	t.true(offer.verdict === 'release' && (await install(nodes[0], offer)));
	t.is(reasonOf(await receive(nodes[1], invite, {origin: charlesAddress})), 'REPLAYED');
});

test('a key of ours that comes back in an answer or in an offer is refused (V10)', async (t) => {
	const world = await makeWorld();
	const plain = {protection: {inbound: 'sdes', outbound: 'sdes'}} as const;
	const toolbox = await Toolbox.open(
		world.options('plain', world.gateway, {localDomains: ['gw.example.com'], defaults: plain}),
		{clock: world.clock},
	);
	t.teardown(async () => {
		await toolbox.close();
		world.dispose();
	});
	const invite = inviteOf(sdpOf(await mint(toolbox, 'c1')));
	const sent = await send(toolbox, invite);
	t.is(sent.protection, 'sdes');
	const sdp = Buffer.from(sent.message.body).toString();
	t.regex(sdp, /inline:/);
	t.is(reasonOf(await receive(toolbox, answerOf(invite, sdp), {role: 'answer'})), 'KEY_REUSED');
	t.is(reasonOf(await receive(toolbox, sent.message, {call: 'c2'})), 'KEY_REUSED', 'on another leg too (V10b)');
	const fresh = `inline:${Buffer.from(Array.from({length: 30}, (_, index) => index * 7)).toString('base64')}`;
	const twice = sdp.replace(/inline:\S+/, fresh);
	const media = twice.slice(twice.indexOf('m='));
	t.is(
		reasonOf(await receive(toolbox, inviteOf(twice + media, {callId: 'c3'}), {call: 'c3'})),
		'KEY_SHARED_BY_MEDIA',
		'V10c',
	);
	t.is(reasonOf(await receive(toolbox, answerOf(invite, twice), {role: 'answer'})), 'released');
	t.is(
		reasonOf(await receive(toolbox, answerOf(invite, twice), {role: 'answer'})),
		'released',
		'L15: in 183 and in 200',
	);
});

test('a media address that moves needs a new key; hold by zeros is no move (V17, L17)', async (t) => {
	const world = await makeWorld();
	const plain = {protection: {inbound: 'sdes', outbound: 'sdes'}} as const;
	const toolbox = await Toolbox.open(world.options('plain', world.gateway, {defaults: plain}), {clock: world.clock});
	t.teardown(async () => {
		await toolbox.close();
		world.dispose();
	});
	const key = (start: number) =>
		`inline:${Buffer.from(Array.from({length: 30}, (_, index) => (start + index * index) % 251)).toString('base64')}`;
	const offer = (sequence: number, start: number, address = '192.0.2.7') => {
		const sdp = sdpOf('x')
			.replace(/handle:x/, key(start))
			.replace('c=IN IP4 192.0.2.7', `c=IN IP4 ${address}`);
		return receive(toolbox, inviteOf(sdp, {sequence}));
	};
	const first = await offer(1, 1);
	t.true(first.verdict === 'release' && (await install(toolbox, first)));
	const held = await offer(2, 1, '0.0.0.0');
	t.is(reasonOf(held), 'released');
	t.deepEqual(held.verdict === 'release' && held.keys, first.verdict === 'release' && first.keys, 'the same handle');
	t.is(reasonOf(await offer(3, 1)), 'released');
	t.is(reasonOf(await offer(4, 1, '192.0.2.8')), 'ADDRESS_MOVED');
	t.is(reasonOf(await offer(5, 3, '192.0.2.9')), 'released');
	t.is(reasonOf(await offer(6, 1)), 'released', 'the move was refused elsewhere: key and address are as before (L13)');
	const moved = await offer(7, 2, '192.0.2.8');
	t.true(moved.verdict === 'release' && (await install(toolbox, moved)));
	t.is(reasonOf(await offer(8, 1, '192.0.2.8')), 'KEY_REUSED', 'V11: back to a retired key');
});

test('in a sealed dialog a BYE must come from where its messages came from (V23)', async (t) => {
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	t.is(reasonOf(await receive(callee, invite)), 'released');
	const bye: SipRequest = {...invite, method: 'BYE', body: new Uint8Array()};
	const forged = await receive(callee, bye, {role: 'none', origin: charlesAddress});
	t.is(reasonOf(forged), 'ORIGIN_OF_DIALOG');
	t.is(reasonOf(await receive(callee, bye, {role: 'none', origin: bobsAddress})), 'released');
	const stranger = withHeader(bye, 'Call-ID', 'other');
	t.is(reasonOf(await receive(callee, stranger, {role: 'none', origin: bobsAddress})), 'UNKNOWN_DIALOG');
});

test('a sealed peer that sends SDP in the open is refused with 415 and what we take', async (t) => {
	const {callee} = await openWorld(t);
	const verdict = await receive(callee, inviteOf(sdpOf('x').replace('handle:x', 'inline:AAAA')));
	t.is(reasonOf(verdict), 'UNSUPPORTED_TYPE');
	t.is(verdict.verdict === 'denial' && verdict.status, 415);
	t.deepEqual(verdict.verdict === 'denial' && verdict.headers, [
		{name: 'Accept', value: 'application/pkcs7-mime'},
		{name: 'Accept-Encoding', value: 'identity'},
	]);
});

test('a body with a Content-Encoding is refused with 415, whatever its type', async (t) => {
	const {caller, callee} = await openWorld(t);
	const encoded = withHeader(await sealedInvite(caller), 'Content-Encoding', 'gzip');
	t.is(reasonOf(await receive(callee, encoded)), 'UNSUPPORTED_TYPE');
	t.is(reasonOf(await receive(callee, withHeader(encoded, 'Content-Encoding', 'identity'))), 'released');
});
