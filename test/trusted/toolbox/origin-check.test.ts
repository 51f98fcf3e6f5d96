import test, {type ExecutionContext} from 'ava';
import {Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import {bobsAddress, charlesAddress, install, openWorld, reasonOf, receive, sealedInvite} from './support/world.js';

async function open(t: ExecutionContext, more: Partial<ToolboxOptions> = {}) {
	const {world, ...pair} = await openWorld(t, more);
	const alerts = async () => {
		const reply = await pair.callee.handle({kind: 'read-alerts', afterSequence: 0, limit: 1000});
		return reply.verdict === 'alerts' ? reply.alerts.map(({reason}) => reason) : [];
	};

	let calls = 0;
	/** A fresh INVITE of Bob from somewhere. */
	const call = async (address: string, name = `c${++calls}`) => {
		const invite = await sealedInvite(pair.caller, {call: name, callId: `id-${name}`});
		return receive(pair.callee, invite, {call: name, origin: {...bobsAddress, address}});
	};

	return {...pair, world, alerts, call};
}

const bob = 'sip:bob@biloxi.example.com';

test('pin: a first copy from elsewhere claims nothing and teaches nothing, and the genuine one passes (V18)', async (t) => {
	const {caller, callee, call, alerts} = await open(t, {defaults: {origin: 'pin'}});
	t.is(reasonOf(await call(bobsAddress.address)), 'released');
	const invite = await sealedInvite(caller, {call: 'pre', callId: 'pre'});
	t.is(reasonOf(await receive(callee, invite, {call: 'x', origin: charlesAddress})), 'ORIGIN_NEW');
	t.is(reasonOf(await receive(callee, invite, {call: 'pre', origin: bobsAddress})), 'released');
	t.deepEqual(
		callee.origins.of(bob).records.map(({address}) => address),
		[bobsAddress.address],
	);
	t.true((await alerts()).includes('ORIGIN_NEW'));
});

test('the operator lets an address in and forgets it again; both are audited and last', async (t) => {
	const {callee, call, world} = await open(t, {defaults: {origin: 'pin'}});
	t.is(reasonOf(await call(bobsAddress.address)), 'released');
	t.is(reasonOf(await call('198.51.100.66')), 'ORIGIN_NEW');
	callee.origins.allow('SIP:bob@Biloxi.example.com;transport=tcp', '198.51.100.66');
	t.is(reasonOf(await call('198.51.100.66')), 'released');
	t.is(callee.origins.forget(bob, '198.51.100.66'), 1);
	t.is(reasonOf(await call('198.51.100.66')), 'ORIGIN_NEW');
	t.throws(() => callee.origins.allow(bob, 'elsewhere'), {code: 'BAD_ADDRESS'});
	t.throws(() => callee.origins.allow('sip:', '192.0.2.1'), {code: 'BAD_IDENTITY'});
	await callee.close();
	const again = await Toolbox.open(world.options('gateway', world.gateway, {}), {clock: world.clock});
	t.teardown(() => again.close());
	t.deepEqual(
		again.origins.list('', 10).map(({identity, records}) => [identity, records.map(({address}) => address)]),
		[[bob, [bobsAddress.address]]],
	);
});

test('two live calls of one identity from two places raise an alert, and so does too quick a journey', async (t) => {
	const {callee, call, alerts, world} = await open(t, {defaults: {origin: 'observe'}});
	await call('192.0.2.7', 'one');
	world.clock.advance(200_000);
	t.is(reasonOf(await call('198.51.100.66', 'two')), 'released');
	t.deepEqual(await alerts(), ['ORIGIN_NEW', 'ORIGIN_TWO_PLACES']);
	await callee.handle({kind: 'end-call', call: 'one', reason: 'bye'});
	await callee.handle({kind: 'end-call', call: 'two', reason: 'bye'});
	world.clock.advance(10_000);
	await call('192.0.2.7', 'three');
	t.is((await alerts()).at(-1), 'ORIGIN_TOO_SOON');
});

test('addresses that a peer is known to have raise no such alert', async (t) => {
	const {call, alerts} = await open(t, {defaults: {origin: 'pin', addresses: ['192.0.2.7', '198.51.100.66']}});
	t.is(reasonOf(await call('192.0.2.7')), 'released');
	t.is(reasonOf(await call('198.51.100.66')), 'released');
	t.deepEqual(await alerts(), []);
});

test('behind proxies the signed Contact and c= are the evidence', async (t) => {
	const {callee, call} = await open(t, {defaults: {origin: 'pin', originEvidence: 'signed'}});
	t.is(reasonOf(await call('203.0.113.1')), 'released');
	t.is(reasonOf(await call('203.0.113.2')), 'released', 'another proxy, the same Contact');
	t.deepEqual(
		callee.origins.of(bob).records.map(({address, evidence}) => [address, evidence]),
		[['192.0.2.7', 'contact']],
	);
	callee.origins.forget(bob);
	callee.origins.allow(bob, '192.0.2.99');
	t.is(reasonOf(await call('203.0.113.2')), 'ORIGIN_NEW');
});

test('the release says whose media the leg takes', async (t) => {
	for (const [defaults, expected] of [
		[{}, {kind: 'declared'}],
		[{mediaSource: 'learned'}, {kind: 'learned'}],
		[{mediaSource: 'origin'}, {kind: 'signalling-address', address: '203.0.113.9'}],
		[
			{mediaSource: 'origin', originScope: 'network'},
			{kind: 'subnet', network: '203.0.113.0/24'},
		],
	] as const) {
		const {call} = await open(t, {defaults});
		t.like(await call('203.0.113.9'), {verdict: 'release', mediaSource: expected});
	}
});

test('authenticated media goes into the history, and raises an alert where it comes from nowhere known', async (t) => {
	const {callee, call, alerts} = await open(t, {defaults: {mediaSource: 'learned'}});
	const release = await call('192.0.2.7', 'c');
	t.true(release.verdict === 'release' && (await install(callee, release, {call: 'c'})));
	const heard = (address: string, leg = 'line') => callee.redeem({kind: 'heard-from', call: 'c', leg, address});
	await heard('192.0.2.7');
	t.deepEqual(await alerts(), []);
	await heard('198.51.100.66');
	t.deepEqual(await alerts(), ['ORIGIN_NEW']);
	await heard('198.51.100.1', 'another leg');
	t.deepEqual(
		callee.origins.of(bob).records.map(({address, evidence}) => [address, evidence]),
		[
			['192.0.2.7', 'transport'],
			['198.51.100.66', 'media'],
		],
	);
	t.is(reasonOf(await call('198.51.100.66')), 'ORIGIN_CHALLENGE', 'it lets no signalling in');
});

test('the user domain may read what is known, page by page', async (t) => {
	const {callee, call} = await open(t);
	await call('192.0.2.7');
	t.like(await callee.handle({kind: 'read-origins', after: '', limit: 10}), {
		verdict: 'origins',
		origins: [{identity: bob}],
	});
	t.deepEqual(await callee.handle({kind: 'read-origins', after: bob, limit: 10}), {verdict: 'origins', origins: []});
});
