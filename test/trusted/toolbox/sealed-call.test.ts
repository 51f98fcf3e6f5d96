import test from 'ava';
import {
	answerOf,
	bobsAddress,
	charlesAddress,
	install,
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

test('a sealed offer is opened once, and its sealed answer comes back to the caller', async (t) => {
	const {caller, callee} = await openWorld(t);

	const invite = await sealedInvite(caller);
	t.regex(Buffer.from(invite.body).toString('latin1'), /^0/);
	const offer = await receive(callee, invite);
	t.is(offer.verdict, 'release', JSON.stringify(offer));
	if (offer.verdict !== 'release') {
		return;
	}

	t.is(offer.identity, 'sip:bob@biloxi.example.com');
	t.is(offer.protection, 'sealed');
	t.notRegex(offer.sdp, /inline/);
	t.is(offer.keys.length, 1);

	const own = await mint(callee, 'c1');
	const answer = answerOf(invite, sdpOf(own));
	const early = await callee.handle({
		kind: 'filter-outbound',
		call: 'c1',
		leg: 'line',
		role: 'answer',
		message: answer,
	});
	t.is(early.verdict === 'denial' && early.reason, 'PEER_KEY_NOT_INSTALLED');

	t.true(await install(callee, offer));
	t.false(await install(callee, offer), 'a handle serves once');
	const sealed = await send(callee, answer, {role: 'answer'});
	const opened = await receive(caller, sealed.message, {
		role: 'answer',
		origin: {...bobsAddress, address: '192.0.2.99'},
	});
	t.is(opened.verdict, 'release', JSON.stringify(opened));
	t.is(opened.verdict === 'release' && opened.identity, 'sip:alice@gw.example.com');

	const replay = await receive(callee, invite, {call: 'c2', origin: charlesAddress});
	t.is(replay.verdict, 'denial');
	t.is(replay.verdict === 'denial' && replay.status, 403);
});

test('a replay from the known address is refused by the ledger, in the call, after it and after a restart', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const first = await openPair(world);
	const invite = await sealedInvite(first.caller);
	const offer = await receive(first.callee, invite);
	t.is(offer.verdict, 'release');
	t.true(offer.verdict === 'release' && (await install(first.callee, offer)));
	t.is(reasonOf(await receive(first.callee, invite, {call: 'c2'})), 'REPLAYED');
	await first.callee.handle({kind: 'end-call', call: 'c1', reason: 'bye'});
	t.is(reasonOf(await receive(first.callee, invite, {call: 'c3'})), 'REPLAYED');
	await first.callee.close();
	await first.caller.close();

	const second = await openPair(world);
	t.is(reasonOf(await receive(second.callee, invite, {call: 'c1'})), 'REPLAYED');
	const alerts = await second.callee.handle({kind: 'read-alerts', afterSequence: 0, limit: 100});
	t.is(alerts.verdict === 'alerts' && alerts.alerts.filter(({kind}) => kind === 'replay').length, 3);
	const ledger = await second.callee.handle({kind: 'read-ledger', limit: 10});
	t.deepEqual(ledger.verdict === 'ledger' && ledger.entries.map(({kind, state}) => `${kind} ${state}`).sort(), [
		'key retired',
		'message retired',
	]);
	await second.callee.close();
	await second.caller.close();
});
