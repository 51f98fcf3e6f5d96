import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {MessageChannel, type MessagePort} from 'node:worker_threads';
import test, {type ExecutionContext} from 'ava';
import {toHex} from '#dist/base/bytes.js';
import {SallyportError} from '#dist/base/error.js';
import {PortRequests} from '#dist/trusted/media/port-requests.js';
import type {KeyChannelReply, KeyChannelRequest} from '#dist/trusted/media/protocol.js';
import {MasterKey} from '#dist/trusted/media/srtp/index.js';
import {InsecureSecretAccess, revealMasterKey} from '#dist/trusted/media/srtp/insecure-secret-access.js';
import {findAuditBreak, ToolboxClient, ToolboxDomain} from '#dist/trusted/toolbox/index.js';
import type {PeerKeyHandle, Release} from '#dist/trusted/toolbox/protocol.js';
import {answerOf, bobsAddress, inviteOf, makeWorld, openPair, sdpOf, sealedInvite, suite} from './support/world.js';

async function serve(t: ExecutionContext) {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {
		peers: [
			{name: 'phone', match: {aor: 'sip:alice@lan.example.com'}, protection: {inbound: 'clear', outbound: 'clear'}},
			{name: 'desk', match: {aor: 'sip:dora@lan.example.com'}, protection: {inbound: 'sdes', outbound: 'sdes'}},
		],
	});
	const domain = new ToolboxDomain(callee);
	const user = new MessageChannel();
	const media = new MessageChannel();
	domain.attachUser(user.port1);
	domain.attachMedia(media.port1);
	const client = new ToolboxClient(user.port2);
	const keys = new PortRequests<KeyChannelRequest, KeyChannelReply>(media.port2, {
		parseReply: (reply) => reply as KeyChannelReply,
	});
	t.teardown(async () => {
		client.close();
		keys.close();
		domain.close();
		await caller.close();
		await callee.close();
		world.dispose();
	});
	return {world, caller, callee, domain, client, keys};
}

async function openOffer(
	{caller, client}: {caller: Parameters<typeof sealedInvite>[0]; client: ToolboxClient},
	call = 'c1',
) {
	const invite = await sealedInvite(caller, {call, callId: `id-${call}`});
	const release = await client.filterInbound({call, leg: 'a', role: 'offer', origin: bobsAddress, message: invite});
	return {invite, release: release as Release};
}

test('a handle serves its own call and leg, on the media channel, once', async (t) => {
	const parts = await serve(t);
	const {release} = await openOffer(parts);
	const key = release.keys[0]?.handle as PeerKeyHandle;
	for (const wrong of [
		{call: 'c2', leg: 'a'},
		{call: 'c1', leg: 'b'},
	]) {
		t.like(await parts.keys.ask({kind: 'redeem-peer-key', key, ...wrong}), {ok: false, code: 'BAD_HANDLE'});
	}

	t.like(await parts.keys.ask({kind: 'redeem-own-key', key: key as never, call: 'c1', leg: 'a'}), {ok: false});
	const redeemed = await parts.keys.ask({kind: 'redeem-peer-key', key, call: 'c1', leg: 'a'});
	t.true(redeemed.ok && 'slot' in redeemed && redeemed.suite === suite);
	t.like(await parts.keys.ask({kind: 'redeem-peer-key', key, call: 'c1', leg: 'a'}), {ok: false, code: 'BAD_HANDLE'});
});

test('a peer key cannot be sealed, and an own key not in another leg or for another recipient', async (t) => {
	const parts = await serve(t);
	const {client, keys} = parts;
	const {release, invite} = await openOffer(parts);
	const peerKey = release.keys[0]?.handle ?? '';
	const ask = (
		message: Parameters<typeof client.filterOutbound>[0]['message'],
		leg: string,
		role: 'offer' | 'answer' = 'offer',
	) => client.filterOutbound({call: 'c1', leg, role, message});
	const toDora = (handle: string) => ({...inviteOf(sdpOf(handle), {callId: 'out'}), uri: 'sip:dora@lan.example.com'});
	const asDora = (handle: string) => {
		const message = toDora(handle);
		return {
			...message,
			headers: message.headers.map((header) =>
				header.name === 'To' ? {...header, value: '<sip:dora@lan.example.com>'} : header,
			),
		};
	};
	t.like(await ask(asDora(peerKey), 'b'), {verdict: 'denial', reason: 'UNKNOWN_HANDLE'});
	const [own] = await client.mintKeys({call: 'c1', leg: 'a', suites: [suite]});
	t.like(await ask(asDora(own), 'b'), {verdict: 'denial', reason: 'UNKNOWN_HANDLE'}, 'a key of leg a in leg b');
	t.like(await ask(answerOf(invite, sdpOf(own)), 'a', 'answer'), {verdict: 'denial', reason: 'PEER_KEY_NOT_INSTALLED'});
	t.true((await keys.ask({kind: 'redeem-peer-key', key: peerKey as PeerKeyHandle, call: 'c1', leg: 'a'})).ok);
	t.like(await ask(answerOf(invite, sdpOf(own)), 'a', 'answer'), {verdict: 'outbound', protection: 'sealed'});
	const [dora] = await client.mintKeys({call: 'c1', leg: 'b', suites: [suite]});
	t.like(await ask(asDora(dora), 'b'), {verdict: 'outbound', protection: 'sdes'});
});

test('a ticket names call and legs, serves once, and allows the clear only where policy says so', async (t) => {
	const parts = await serve(t);
	const {client, keys} = parts;
	await openOffer(parts);
	const legs = [
		{leg: 'a', identity: 'sip:alice@lan.example.com'},
		{leg: 'b', identity: 'sip:alice@lan.example.com'},
	];
	const ticket = await client.authorizeBridge({call: 'c1', legs});
	const other = await client.authorizeBridge({call: 'c1', legs});
	t.like(await keys.ask({kind: 'redeem-ticket', ticket: other, call: 'c2', legs: ['a', 'b']}), {ok: false});
	t.like(
		await keys.ask({kind: 'redeem-ticket', ticket: other, call: 'c1', legs: ['a', 'b']}),
		{ok: false},
		'it is spent',
	);
	t.deepEqual(await keys.ask({kind: 'redeem-ticket', ticket, call: 'c1', legs: ['a', 'b']}), {
		ok: true,
		legs: [
			{leg: 'a', clearAllowed: false},
			{leg: 'b', clearAllowed: true},
		],
	});
	const forMallory = inviteOf(sdpOf('x').replace(/a=crypto.*\r\n/, ''));
	const denied = await client.filterOutbound({call: 'c1', leg: 'b', role: 'offer', message: forMallory});
	t.like(denied, {verdict: 'denial', reason: 'LEG_OF_ANOTHER'}, 'a clear leg goes to no other than it was given for');
});

test('the end of a call takes back its handles and tickets', async (t) => {
	const parts = await serve(t);
	const {client, keys, callee} = parts;
	const {release} = await openOffer(parts);
	await client.mintKeys({call: 'c1', leg: 'a', suites: [suite]});
	t.deepEqual(callee.load, {calls: 1, issued: 2});
	await client.endCall({call: 'c1', reason: 'bye'});
	t.deepEqual(callee.load, {calls: 0, issued: 0});
	const key = release.keys[0]?.handle as PeerKeyHandle;
	t.like(await keys.ask({kind: 'redeem-peer-key', key, call: 'c1', leg: 'a'}), {ok: false, code: 'BAD_HANDLE'});
});

test('what is not a request as agreed is refused and audited, and breaks nothing', async (t) => {
	const {callee, domain, client} = await serve(t);
	const {port1, port2} = new MessageChannel();
	domain.attachUser(port1);
	const raw = new PortRequests<object, {readonly verdict: string; readonly code: string}>(port2, {
		parseReply: (reply) => reply as never,
	});
	t.teardown(() => raw.close());
	const good = {kind: 'mint-keys', call: 'c', leg: 'l', suites: [suite]};
	const hostile: readonly object[] = [
		{},
		{kind: 'export-keys'},
		{kind: 'redeem-peer-key', key: '0'.repeat(32), call: 'c', leg: 'l'},
		{...good, suites: [suite, 'NULL']},
		{...good, suites: []},
		{...good, suites: Array(17).fill(suite)},
		{...good, call: ''},
		{...good, call: 'x'.repeat(65)},
		{...good, leg: {toString: 1}},
		{...good, extra: true},
		{...good, __proto__: {kind: 'end-call'}, leg: undefined},
		{kind: 'read-ledger', limit: 1e9},
		{kind: 'read-work', of: 'charles'},
		{kind: 'authorize-bridge', call: 'c', legs: []},
		{
			kind: 'filter-inbound',
			call: 'c',
			leg: 'l',
			role: 'offer',
			origin: {transport: 'udp', address: 'x', port: 1},
			message: inviteOf(''),
		},
		{
			kind: 'filter-inbound',
			call: 'c',
			leg: 'l',
			role: 'offer',
			origin: bobsAddress,
			message: {...inviteOf(''), body: new Uint8Array(65_537)},
		},
		{kind: 'filter-outbound', call: 'c', leg: 'l', role: 'offer', message: {...inviteOf(''), uri: 'sip:a\r\nX: y'}},
		{
			kind: 'filter-outbound',
			call: 'c',
			leg: 'l',
			role: 'offer',
			message: inviteOf('v=0'),
			recipient: 'my certificate',
		},
		{
			kind: 'filter-outbound',
			call: 'c',
			leg: 'l',
			role: 'offer',
			message: {...inviteOf(''), headers: Array(300).fill({name: 'A', value: ''})},
		},
	];
	for (const request of hostile) {
		t.like(await raw.ask(request), {verdict: 'refused', code: 'BAD_REQUEST'}, JSON.stringify(request).slice(0, 80));
	}

	for (const junk of [null, 7, 'text', [1], new Uint8Array(10), {id: 'x'}]) {
		(port2 as MessagePort).postMessage(junk);
	}

	await t.throwsAsync(
		client.authorizeBridge({
			call: 'c',
			legs: [
				{leg: 'a', identity: 'x'},
				{leg: 'b', identity: 'y'},
			],
		}),
		{
			instanceOf: SallyportError,
			code: 'BAD_IDENTITY',
		},
	);
	const alerts = await client.readAlerts(0, 100);
	t.true(alerts.filter(({kind}) => kind === 'domain').length >= hostile.length);
	t.deepEqual(callee.load, {calls: 0, issued: 0});
});

test('no key octets cross the port or reach ledger, alerts, audit log or disk; the audit chain holds', async (t) => {
	const parts = await serve(t);
	const {client, keys, world} = parts;
	const {invite, release} = await openOffer(parts);
	const [own] = await client.mintKeys({call: 'c1', leg: 'a', suites: [suite]});
	const secrets: Uint8Array[] = [];
	for (const request of [
		{kind: 'redeem-peer-key', key: release.keys[0]?.handle as PeerKeyHandle, call: 'c1', leg: 'a'},
		{kind: 'redeem-own-key', key: own, call: 'c1', leg: 'a'},
	] as const) {
		const reply = await keys.ask(request);
		t.true(reply.ok && 'slot' in reply);
		if (reply.ok && 'slot' in reply) {
			secrets.push(revealMasterKey(MasterKey.claim(reply.slot), new InsecureSecretAccess()));
		}
	}

	const answer = await client.filterOutbound({
		call: 'c1',
		leg: 'a',
		role: 'answer',
		message: answerOf(invite, sdpOf(own)),
	});
	t.is(answer.verdict, 'outbound');
	await client.filterInbound({call: 'c2', leg: 'a', role: 'offer', origin: bobsAddress, message: invite});
	const said = JSON.stringify([release, answer, await client.readAlerts(0, 100), await client.readLedger(100)]);
	await client.endCall({call: 'c1', reason: 'bye'});
	const folder = world.folder('gateway');
	const stored = ['audit.log', 'ledger/data.mdb', 'state/data.mdb'].map((file) =>
		readFileSync(join(folder, file)).toString('latin1'),
	);
	for (const secret of secrets) {
		t.is(secret.length, 30);
		const spellings = [
			toHex(secret),
			Buffer.from(secret).toString('base64'),
			Buffer.from(secret.subarray(0, 16)).toString('latin1'),
		];
		for (const text of [said, ...stored]) {
			t.false(spellings.some((spelling) => text.includes(spelling)));
		}
	}

	t.is(findAuditBreak(join(folder, 'audit.log')), undefined);
});
