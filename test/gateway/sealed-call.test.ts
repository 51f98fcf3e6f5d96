import {once} from 'node:events';
import test from 'ava';
import {alice, alicesPhone, bob, bobsPhone} from '#dist/cli/demo/demo-world.js';
import type {PhoneSetup} from '#dist/cli/demo/phone-messages.js';
import type {PhoneCallReport} from '#dist/gateway/phone/phone-call.js';
import type {MediaEvent} from '#dist/trusted/media/protocol.js';
import {empties, makeTestWorld, nothing, openTestGateway, openTestPhone, speech} from './support/world.js';

const silent = {wav: '', maxSeconds: 1};

test.serial('a sealed call carries both voices whole, and leaves nothing behind', async (t) => {
	const world = await makeTestWorld(t);
	const aliceSide = await openTestPhone(t, alicesPhone(world, silent), {greeting: speech(3, 7)});
	const gateway = await openTestGateway(t, world, aliceSide.port);
	const bobSide = await openTestPhone(t, bobsPhone(world, silent));
	const ended = once(aliceSide.phone, 'ended') as Promise<[PhoneCallReport]>;
	const established = once(gateway.running.gateway, 'call-established');
	const said = speech(0.6);

	const called = await bobSide.phone.call(alice, gateway.target('tcp'), said);
	t.true(called.ok, JSON.stringify(called));
	const [{caller, suites}] = await established;
	t.is(caller, bob);
	t.deepEqual(suites, {caller: 'AEAD_AES_256_GCM', callee: 'AEAD_AES_256_GCM'});

	const [atAlice] = await ended;
	const [source] = atAlice.received.sources;
	t.is(source?.packets, 30, 'every packet of 0.6 s');
	t.is(source?.lost, 0);
	const heardByBob = called.ok ? (called.report.received.sources[0]?.packets ?? 0) : 0;
	t.true(
		heardByBob > 0 && heardByBob <= 150,
		`${heardByBob} of Alice's 150 packets, less those before Bob had her key`,
	);
	t.deepEqual(await empties(gateway), nothing);
});

test.serial('a call ends with BYE to the other side, whoever hangs up, and when the gateway closes', async (t) => {
	const world = await makeTestWorld(t);
	const aliceSide = await openTestPhone(t, alicesPhone(world, silent));
	const gateway = await openTestGateway(t, world, aliceSide.port);
	const bobSide = await openTestPhone(t, bobsPhone(world, silent));
	const calling = bobSide.phone.call(alice, gateway.target('tcp'), speech(30));
	const isHeard = (event: MediaEvent) => event.kind === 'first-packet' && event.leg === 'caller';
	await new Promise<void>((resolve) => {
		gateway.running.gateway.on('media', (event) => isHeard(event) && resolve());
	});
	const atAlice = once(aliceSide.phone, 'ended') as Promise<[PhoneCallReport]>;
	await gateway.running.close();
	const [{reason}] = await atAlice;
	t.is(reason, 'bye');
	const called = await calling;
	t.true(called.ok && called.report.reason === 'bye', JSON.stringify(called.ok ? called.report.reason : called));
});

test.serial('where policy wants the headers of every request signed, calls are made and ended so', async (t) => {
	const world = await makeTestWorld(t);
	const signed = <Peer>(peers: readonly Peer[] = []) => peers.map((peer) => ({...peer, bodyless: 'signed' as const}));
	const strict = (setup: PhoneSetup): PhoneSetup =>
		setup.protection.kind === 'toolbox'
			? {...setup, protection: {...setup.protection, peers: signed(setup.protection.peers)}}
			: setup;
	const aliceSide = await openTestPhone(t, strict(alicesPhone(world, silent)), {greeting: speech(3)});
	const gateway = await openTestGateway(t, world, aliceSide.port, (options) => ({
		...options,
		toolbox: {...options.toolbox, peers: signed(options.toolbox.peers)},
	}));
	const bobSide = await openTestPhone(t, strict(bobsPhone(world, silent)));
	const ended = once(aliceSide.phone, 'ended') as Promise<[PhoneCallReport]>;
	const called = await bobSide.phone.call(alice, gateway.target('tcp'), speech(0.3));
	t.true(called.ok && called.report.reason === 'spoken', JSON.stringify(called));
	t.is((await ended)[0].reason, 'bye');
	t.deepEqual(await empties(gateway), nothing);
});
