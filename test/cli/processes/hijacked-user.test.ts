import {once} from 'node:events';
import {Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {SocketLink} from '#dist/io/links/index.js';
import {PortRequests} from '#dist/trusted/media/port-requests.js';
import {PrivateReceiver, PrivateSender} from '#dist/trusted/media/processes/private-channel.js';
import {createSocketPair} from '#dist/trusted/media/processes/socket-pair.js';
import {MasterKey} from '#dist/trusted/media/srtp/index.js';
import {InsecureSecretAccess, revealMasterKey} from '#dist/trusted/media/srtp/insecure-secret-access.js';
import {ToolboxDomain} from '#dist/trusted/toolbox/index.js';
import type {Release} from '#dist/trusted/toolbox/protocol.js';
import {
	bobsAddress,
	inviteOf,
	makeWorld,
	openPair,
	sdpOf,
	sealedInvite,
	suite,
} from '../../trusted/toolbox/support/world.js';

function frame(content: object | string): Buffer {
	const octets = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
	const head = Buffer.alloc(4);
	head.writeUInt32BE(octets.length);
	return Buffer.concat([head, octets]);
}

/** A toolbox at one end of a socket, and at the other a user process that is somebody else's by now. */
async function openHijacked(t: ExecutionContext) {
	const world = await makeWorld();
	const {caller, callee} = await openPair(world, {});
	const domain = new ToolboxDomain(callee);
	const breaches: string[] = [];
	const attach = () => {
		const [ours, theirs] = createSocketPair('stream');
		const link = new SocketLink(ours);
		link.on('breach', (breach) => breaches.push(breach));
		domain.attachUser(link, {onBreach: () => breaches.push('FOREIGN')});
		return theirs;
	};
	t.teardown(async () => {
		domain.close();
		await caller.close();
		await callee.close();
		world.dispose();
	});
	const requests = new PortRequests<
		object,
		{readonly verdict: string; readonly code?: string; readonly reason?: string}
	>(new SocketLink(attach()), {parseReply: (reply) => reply as never});
	t.teardown(() => requests.close());
	return {caller, callee, attach, breaches, ask: (request: object) => requests.ask(request)};
}

test.serial(
	'a hijacked user process gets no key, no other recipient, no clear leg, nothing twice, and all of it is audited',
	async (t) => {
		const {caller, callee, ask, breaches} = await openHijacked(t);
		const invite = await sealedInvite(caller, {call: 'c1', callId: 'id-c1'});
		const release = (await ask({
			kind: 'filter-inbound',
			call: 'c1',
			leg: 'a',
			role: 'offer',
			origin: bobsAddress,
			message: invite,
		})) as unknown as Release;
		t.is(release.verdict, 'release');
		const [key] = release.keys;
		t.notRegex(JSON.stringify(release), /inline:/);
		// The peer's key sealed to somebody of its own, another call's handle.
		const steal = (call: string, handle: string) =>
			ask({kind: 'filter-outbound', call, leg: 'b', role: 'offer', message: inviteOf(sdpOf(handle), {callId: 'out'})});
		t.is((await steal('c1', key?.handle ?? '')).verdict, 'denial');
		t.is((await steal('c2', key?.handle ?? '')).verdict, 'denial');
		// A plain leg: the ticket does not say so.
		const identity = 'sip:alice@lan.example.com';
		const ticket = await ask({
			kind: 'authorize-bridge',
			call: 'c1',
			legs: [
				{leg: 'a', identity},
				{leg: 'b', identity},
			],
		});
		t.is(ticket.verdict, 'ticket');
		const redeemed = await callee.redeem({
			kind: 'redeem-ticket',
			ticket: (ticket as never as {ticket: never}).ticket,
			call: 'c1',
			legs: ['a', 'b'],
		});
		t.true(redeemed.ok && 'legs' in redeemed && redeemed.legs.every(({clearAllowed}) => !clearAllowed));
		// The same message again.
		const again = await ask({
			kind: 'filter-inbound',
			call: 'c3',
			leg: 'a',
			role: 'offer',
			origin: bobsAddress,
			message: invite,
		});
		t.is(again.verdict, 'denial');
		// A snapshot for a call that is not.
		t.like(await ask({kind: 'keep-call', call: 'nobody', snapshot: new Uint8Array(9)}), {
			verdict: 'refused',
			code: 'UNKNOWN_CALL',
		});
		t.deepEqual(breaches, []);
		const alerts = (await ask({kind: 'read-alerts', afterSequence: 0, limit: 1000})) as never as {
			alerts: readonly {reason: string}[];
		};
		t.true(
			alerts.alerts.some(({reason}) => reason === 'UNKNOWN_CALL'),
			JSON.stringify(alerts),
		);
	},
);

for (const [name, request] of [
	['a key of the media domain', {id: 1, kind: 'redeem-peer-key', key: '0'.repeat(32), call: 'c', leg: 'a'}],
	['all keys', {id: 1, kind: 'export-keys'}],
	['a recording', {id: 1, kind: 'record', call: 'c'}],
	['a recipient', {id: 1, kind: 'mint-keys', call: 'c', leg: 'a', suites: [suite], recipient: 'me'}],
	['no envelope', [1]],
] as const) {
	test.serial(`a raw frame that asks for ${name} ends the link, and is audited`, async (t) => {
		const {callee, attach, breaches, ask} = await openHijacked(t);
		const socket = new Socket({fd: attach()});
		socket.resume();
		const closed = once(socket, 'close');
		socket.write(Buffer.concat([frame({version: 1, maxFrameOctets: 65_536}), frame(request)]));
		await closed;
		t.deepEqual(breaches, ['FOREIGN']);
		const {alerts} = (await ask({kind: 'read-alerts', afterSequence: 0, limit: 10})) as never as {
			alerts: readonly {kind: string; reason: string}[];
		};
		t.true(alerts.some(({kind, reason}) => kind === 'domain' && reason === 'BAD_REQUEST'));
		t.deepEqual(callee.load, {calls: 0, issued: 0});
	});
}

test.serial('keys and descriptors arrive natively, once; what is none is refused', (t) => {
	const [near, far] = createSocketPair('records');
	const sender = new PrivateSender(near);
	const receiver = new PrivateReceiver(far, 0);
	t.teardown(() => {
		sender.close();
		receiver.close();
	});
	const key = MasterKey.generate(suite);
	const slot = sender.sendKey(key);
	receiver.drain();
	const claimed = MasterKey.claim(slot);
	const access = new InsecureSecretAccess();
	t.deepEqual(revealMasterKey(claimed, access), revealMasterKey(key, access));
	t.throws(() => MasterKey.claim(slot), {code: 'KEY_SLOT_EMPTY'});
	t.is(receiver.takeDescriptor(), undefined);
	sender.sendDescriptor(0);
	const descriptor = receiver.takeDescriptor();
	t.true(descriptor !== undefined && descriptor > 2);
	t.is(receiver.refused, 0);
	receiver.close();
	t.throws(() => sender.sendKey(key), {code: 'KEY_CHANNEL_CLOSED'});
});
