import {readdirSync, readFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import test from 'ava';
import {MediaPlane} from '#dist/trusted/media/media-plane.js';
import type {MediaPlaneOptions} from '#dist/trusted/media/plane-options.js';
import {PortsExhaustedNotice} from '#dist/trusted/media/ports-exhausted-notice.js';
import {loopback, openCall, openPlane, somePortRange} from './support/plane.js';

test.serial('the report says what was chosen and granted', (t) => {
	const {report} = openPlane(t);
	t.deepEqual(report.poller, {kind: 'epoll', reason: 'the one poller of this build'});
	t.is(report.workers.length, Math.max(1, availableParallelism() - 1));
	t.true(report.workers.every(({cpu}) => cpu === undefined));
	t.true(report.socketBuffers.receiveOctets > 4096 && report.socketBuffers.sendOctets > 4096);
	const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
	const {limit, open, relays, relaysWithMux} = report.descriptors;
	t.is(limit, Number(soft));
	t.true(open > 2 && open <= limit);
	t.is(relays, Math.floor((limit - open) / 4));
	t.is(relaysWithMux, Math.floor((limit - open) / 2));
	t.deepEqual(
		report.interfaces.map(({name, family, address}) => [name, family, address]),
		[
			['loopback', 'IPv4', '127.0.0.1'],
			['loopback', 'IPv6', '::1'],
		],
	);
	t.like(openPlane(t, {poller: 'epoll'}).report.poller, {reason: 'asked for'});
});

test('relays go to the worker that has fewest', async (t) => {
	const plane = openPlane(t, {workers: 3});
	const relays = [];
	for (let count = 0; count < 6; count++) {
		relays.push((await openCall(t, [{}, {}], {plane})).relay);
	}

	t.deepEqual(plane.load.relays, [2, 2, 2]);
	await plane.destroyRelay(relays[1] as (typeof relays)[number]);
	t.deepEqual(plane.load.relays, [2, 1, 2]);
	await openCall(t, [{}, {}], {plane});
	t.deepEqual(plane.load.relays, [2, 2, 2]);
});

test.serial('workers stay on the processors that they are given', (t) => {
	const before = new Set(mediaThreads());
	const {report} = openPlane(t, {workers: 2, cpus: [0]});
	t.deepEqual(report.workers, [{cpu: 0}, {cpu: 0}]);
	const allowed = mediaThreads()
		.filter((thread) => !before.has(thread))
		.map(
			(thread) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/self/task/${thread}/status`, 'utf8'))?.[1],
		);
	t.deepEqual(allowed, ['0', '0']);
	t.throws(() => openPlane(t, {cpus: [4095]}), {code: 'CPU_NOT_AVAILABLE'});
});

test('legs go to the interface that they name, and are told its advertised address', async (t) => {
	const ranges = [somePortRange(), somePortRange(), somePortRange()] as const;
	const plane = openPlane(t, {
		interfaces: [
			{name: 'inside', address: '127.0.0.1', ports: ranges[0]},
			{name: 'outside', address: '127.0.0.2', advertisedAddress: '198.51.100.7', ports: ranges[1]},
			{name: 'outside', address: '::1', advertisedAddress: '2001:db8::7', ports: ranges[2]},
		],
	});
	const {legs} = await plane.createRelay([{}, {interface: 'outside'}]);
	t.like(legs[0], {rtp: {address: '127.0.0.1'}, advertisedAddress: '127.0.0.1'});
	t.like(legs[1], {rtp: {address: '127.0.0.2'}, rtcp: {address: '127.0.0.2'}, advertisedAddress: '198.51.100.7'});
	t.true(legs[1].rtp.port >= ranges[1][0] && legs[1].rtcp.port <= ranges[1][1]);
	const both = await plane.createRelay([
		{interface: 'outside', family: 'IPv6'},
		{interface: 'outside', family: 'IPv4'},
	]);
	t.like(both.legs[0], {rtp: {address: '::1'}, advertisedAddress: '2001:db8::7'});
	t.like(both.legs[1], {rtp: {address: '127.0.0.2'}});
	await t.throwsAsync(plane.createRelay([{interface: 'nowhere'}, {}]), {code: 'UNKNOWN_INTERFACE'});
	await t.throwsAsync(plane.createRelay([{interface: 'inside', family: 'IPv6'}, {}]), {code: 'UNKNOWN_INTERFACE'});
	await t.throwsAsync(plane.createRelay([{}, {interface: 'in side'}]), {instanceOf: TypeError, message: /legs\[1\]/});
	await t.throwsAsync(plane.createRelay([{family: 'IPv5' as never}, {}]), {message: /legs\[0\]\.family/});
	await t.throwsAsync(plane.createRelay([{rtcp: 'none' as never}, {}]), {message: /legs\[0\]\.rtcp/});
	await t.throwsAsync(plane.createRelay([{localAddress: '::1'} as never, {}]), {message: /localAddress/});
});

test('an interface without a free port is told of once, and the error says so every time', async (t) => {
	const [first] = somePortRange();
	const plane = openPlane(t, {
		interfaces: [...loopback(), {name: 'narrow', address: '127.0.0.1', ports: [first, first + 1]}],
	});
	const events: unknown[] = [];
	plane.on('ports-exhausted', (event) => events.push(event));
	const legs = [{}, {interface: 'narrow'}] as const;
	await plane.createRelay(legs);
	const before = plane.load.unavailablePorts;
	for (let count = 0; count < 3; count++) {
		await t.throwsAsync(plane.createRelay(legs), {code: 'PORTS_EXHAUSTED'});
	}

	t.deepEqual(events, [{interface: 'narrow', family: 'IPv4', suppressed: 0}]);
	t.deepEqual(plane.load.unavailablePorts, before, 'the ports of the other leg are not lost');
	t.is(plane.size, 1);
});

test('a port rests before another relay may have it', async (t) => {
	const [first] = somePortRange();
	const plane = openPlane(t, {interfaces: loopback([first, first + 3]), portCoolDownMs: 600_000});
	const {relay} = await plane.createRelay([{}, {}]);
	await plane.destroyRelay(relay);
	await t.throwsAsync(plane.createRelay([{}, {}]), {code: 'PORTS_EXHAUSTED'});
	t.deepEqual(plane.load.unavailablePorts, [4, 0]);
});

test('repeated news of exhaustion are counted, an interface apart from another', (t) => {
	let nowMs = 0;
	const told: unknown[] = [];
	const notice = new PortsExhaustedNotice(
		(event) => told.push(event),
		() => nowMs,
	);
	const [four, six] = openPlane(t).report.interfaces;
	t.true(four !== undefined && six !== undefined);
	for (nowMs of [0, 10, 999, 1000]) {
		notice.note(four as NonNullable<typeof four>);
	}

	notice.note(six as NonNullable<typeof six>);
	t.deepEqual(told, [
		{interface: 'loopback', family: 'IPv4', suppressed: 0},
		{interface: 'loopback', family: 'IPv4', suppressed: 2},
		{interface: 'loopback', family: 'IPv6', suppressed: 0},
	]);
});

test('every option of a plane is checked and named', (t) => {
	const [entry] = loopback();
	const refused = (options: object, message: RegExp) => {
		t.throws(() => MediaPlane.open({interfaces: [entry], ...options} as MediaPlaneOptions), {message});
	};

	refused({interfaces: []}, /interfaces/);
	refused({interfaces: undefined}, /interfaces/);
	refused({interfaces: [{...entry, ports: [5000, 4000]}]}, /interfaces\[0\]\.ports\[1\]/);
	refused({interfaces: [{...entry, name: ''}]}, /interfaces\[0\]\.name/);
	refused({interfaces: [{...entry, address: 'localhost'}]}, /interfaces\[0\]\.address/);
	refused({interfaces: [{...entry, advertisedAddress: '::1'}]}, /family/);
	refused({interfaces: [{...entry, address: '0.0.0.0'}]}, /advertisedAddress/);
	refused({interfaces: [entry, entry]}, /differ in their address family/);
	refused({interfaces: [{...entry, port: 1}]}, /`port`/);
	refused({workers: 0}, /workers/);
	refused({poller: 'io_uring'}, /poller/);
	refused({cpus: []}, /cpus/);
	refused({cpus: [-1]}, /cpus\[0\]/);
	refused({portCoolDownMs: -1}, /portCoolDownMs/);
	refused({dscp: 64}, /dscp/);
	refused({maxRelays: 0}, /maxRelays/);
	refused({portRange: [1, 2]}, /portRange/);
});

/** Threads of this process that carry media. */
function mediaThreads(): readonly string[] {
	return readdirSync('/proc/self/task').filter(
		(thread) => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() === 'sallyport-media',
	);
}
