import test from 'ava';
import {testWhere} from '../../support/test-where.js';
import {mayShapeNetworks, preamble, runProgram} from './support/child-program.js';
import {loopback, somePortRange} from './support/plane.js';

const onLoopback = () => ({interfaces: loopback(somePortRange())});

// A slow wire and one that goes down are those of a network namespace of the test's own. That takes root, unshare
// (util-linux), ip and tc (iproute2): a failure where tests must be complete, and a skip elsewhere.
const withWire = testWhere(mayShapeNetworks());

withWire('a wire that is too slow or down costs the packets that meet it and nothing more', async (t) => {
	t.true(mayShapeNetworks(), 'Expected root, unshare, ip and tc where CI=true.');
	const script = `
		set -e
		ip link set lo up
		ip link add wire type veth peer name end
		ip addr add 10.9.0.1/24 dev wire
		ip link set wire up
		ip link set end up
		tc qdisc add dev wire root tbf rate 8kbit burst 2kb limit 10mb
		ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev wire nud permanent
		exec "$@"
	`;
	const source = `
		${preamble({
			workers: 1,
			interfaces: [
				{name: 'loopback', address: '127.0.0.1', ports: [20_000, 20_099]},
				{name: 'wire', address: '10.9.0.1', ports: [20_000, 20_099]},
			],
		})}
		import {execFileSync} from 'node:child_process';
		const phone = await openPhone();
		const {relay, legs} = await plane.createRelay([{}, {interface: 'wire'}]);
		const near = {address: '127.0.0.1', port: phone.address().port};
		const far = {address: '10.9.0.2', port: 5000};
		await plane.configureLeg(relay, 0, {remote: {rtp: near, rtcp: near}, sessions: {kind: 'clear'}});
		await plane.configureLeg(relay, 1, {remote: {rtp: far, rtcp: far}, sessions: {kind: 'clear'}});
		const honest = await openCall();
		let sent = 0;
		const sendMany = async (count) => {
			for (let i = 0; i < count; i++) {
				await send(phone, rtp(sent++), legs[0].rtp);
			}

			for (;;) {
				const [first, second] = await plane.statistics(relay);
				if (first.received.packets === sent) {
					return {dropped: first.dropped, sent: second.sent.packets};
				}
			}
		};
		const slow = await sendMany(5000);
		await carryOne(honest);
		execFileSync('tc', ['qdisc', 'del', 'dev', 'wire', 'root']);
		const fast = await sendMany(100);
		execFileSync('ip', ['link', 'set', 'wire', 'down']);
		const down = await sendMany(100);
		await carryOne(honest, 2);
		execFileSync('ip', ['link', 'set', 'wire', 'up']);
		execFileSync('ip', 'neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev wire nud permanent'.split(' '));
		const up = await sendMany(100);
		process.stdout.write(JSON.stringify({slow, fast, down, up}));
		process.exit(0);
	`;
	const {stdout, stderr, code} = await runProgram(source, ['unshare', '--net', 'sh', '-c', script, 'sh']);
	t.is(code, 0, stderr);
	const {slow, fast, down, up} = JSON.parse(stdout);
	t.true(slow.dropped['would-block'] > 1000, 'the socket would have blocked');
	t.is(slow.sent + slow.dropped['would-block'], 5000);
	t.is(fast.sent, slow.sent + 100);
	t.is(down.dropped['no-route'], 100);
	t.is(up.sent, fast.sent + 100);
	t.is(up.dropped['would-block'], slow.dropped['would-block']);
});

test('at 10,000 descriptors the last relay is refused by name, and after one has ended there is room again', async (t) => {
	const ports = [20_000, 59_999];
	const source = `
		${preamble({interfaces: [{name: 'loopback', address: '127.0.0.9', ports}], workers: 2})}
		const relays = [];
		let refusal;
		while (refusal === undefined) {
			try {
				relays.push((await plane.createRelay([{}, {}])).relay);
			} catch (error) {
				refusal = error.code;
			}
		}

		const unavailable = plane.load.unavailablePorts[0];
		await plane.destroyRelay(relays.pop());
		await plane.createRelay([{}, {}]);
		const {limit, relays: foreseen} = plane.report.descriptors;
		process.stdout.write(JSON.stringify({limit, foreseen, refusal, made: relays.length + 1, unavailable}));
		process.exit(0);
	`;
	const {stdout, stderr, code} = await runProgram(source, ['sh', '-c', 'ulimit -n 10000 && exec "$@"', 'sh']);
	t.is(code, 0, stderr);
	const {limit, foreseen, refusal, made, unavailable} = JSON.parse(stdout);
	t.is(limit, 10_000);
	t.is(refusal, 'TOO_MANY_SOCKETS');
	t.true(made > 2400 && Math.abs(made - foreseen) <= 2, `${made} made, ${foreseen} foreseen`);
	t.is(unavailable, 4 * made);
});

test.serial('media does not notice that JavaScript is busy for five seconds', async (t) => {
	const source = `
		${preamble({...onLoopback(), workers: 1})}
		const calls = 4;
		const generator = TrafficGenerator.open({localAddress: '127.0.0.1', calls});
		const plan = [];
		for (let call = 0; call < calls; call++) {
			const {relay, legs} = await plane.createRelay([{}, {}]);
			for (const leg of [0, 1]) {
				const remote = generator.address(call, leg);
				await plane.configureLeg(relay, leg, {remote: {rtp: remote, rtcp: remote}, sessions: {kind: 'clear'}});
			}

			plan.push(legs.map(({rtp}) => ({relay: rtp})));
		}

		generator.prepare({calls: plan, packetsPerStream: 240});
		const running = generator.run();
		const start = performance.now();
		while (performance.now() - start < 5000);
		const blockedMs = performance.now() - start;
		const {sent, lost, delivered, latencyP50Ns, latencyP99Ns} = await running;
		process.stdout.write(JSON.stringify({blockedMs, sent, lost, delivered, latencyP50Ns, latencyP99Ns}));
		process.exit(0);
	`;
	const {stdout, stderr, code} = await runProgram(source);
	t.is(code, 0, stderr);
	const report = JSON.parse(stdout);
	t.log(report);
	t.true(report.blockedMs >= 5000);
	t.is(report.delivered, 4 * 2 * 240);
	t.is(report.lost, 0);
	// Were JavaScript on the way, the median would be two seconds and more.
	t.true(report.latencyP50Ns < 100e6 && report.latencyP99Ns < 1000e6);
});

test('idle calls cost no time of the processor', async (t) => {
	const source = `
		${preamble({...onLoopback(), workers: 2})}
		import {readdirSync, readFileSync} from 'node:fs';
		for (let call = 0; call < 20; call++) {
			await openCall();
		}

		const spentNs = () =>
			readdirSync('/proc/self/task')
				.filter((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim() === 'sallyport-media')
				.map((task) => Number(readFileSync('/proc/self/task/' + task + '/schedstat', 'utf8').split(' ')[0]));
		const before = spentNs();
		setTimeout(() => {
			process.stdout.write(JSON.stringify(spentNs().map((ns, index) => ns - before[index])));
			process.exit(0);
		}, 3000);
	`;
	const {stdout, stderr, code} = await runProgram(source);
	t.is(code, 0, stderr);
	const spentNs = JSON.parse(stdout) as readonly number[];
	t.is(spentNs.length, 2);
	t.true(
		spentNs.every((ns) => ns < 0.005 * 3e9),
		`${spentNs} ns in three seconds`,
	);
});

const traffic = `
	const call = await openCall();
	let sequenceNumber = 0;
	const flood = () => {
		for (let i = 0; i < 20; i++) call.phones[0].send(rtp(sequenceNumber++), call.legs[0].rtp.port, '127.0.0.1');
		setImmediate(flood);
	};
	flood();
	await once(call.phones[1], 'message');
	process.stdout.write('up');
`;
for (const {ending, outcome} of [
	{ending: 'process.exit(7);', outcome: {code: 7, signal: null}},
	{ending: "throw new Error('a fault of the program');", outcome: {code: 1, signal: null}},
	{ending: 'setImmediate(() => { null.fault(); });', outcome: {code: 1, signal: null}},
]) {
	test(`a process ends as it says with calls up and packets on their way: ${ending}`, async (t) => {
		const {stdout, code, signal} = await runProgram(`${preamble(onLoopback())} ${traffic} ${ending}`);
		t.is(stdout, 'up');
		t.deepEqual({code, signal}, outcome);
	});
}

test('SIGTERM ends a process with calls up', async (t) => {
	const {code, signal} = await runProgram(`${preamble(onLoopback())} ${traffic}`, [], 'SIGTERM');
	t.deepEqual({code, signal}, {code: null, signal: 'SIGTERM'});
	const handled = `${preamble(onLoopback())} process.on('SIGTERM', () => { plane.close(); process.exit(0); }); ${traffic}`;
	t.like(await runProgram(handled, [], 'SIGTERM'), {code: 0, signal: null});
});

test('of two threads with a plane each, one is ended in the middle of its traffic and the other carries on', async (t) => {
	const thread = (range: readonly [number, number]) => `
		${preamble({interfaces: loopback(range), workers: 2})}
		import {parentPort} from 'node:worker_threads';
		const call = await openCall();
		for (let i = 0; ; i++) {
			await carryOne(call, i);
			parentPort.postMessage(i);
		}
	`;
	const urls = [somePortRange(8), somePortRange(8)].map(
		(range) => `data:text/javascript,${encodeURIComponent(thread(range))}`,
	);
	const source = `
		import {Worker} from 'node:worker_threads';
		import {once} from 'node:events';
		const [left, right] = ${JSON.stringify(urls)}.map((url) => new Worker(new URL(url)));
		await Promise.all([once(left, 'message'), once(right, 'message')]);
		for (let round = 0; round < 3; round++) {
			const other = new Worker(new URL(${JSON.stringify(urls[0])}));
			if (round === 0) await left.terminate();
			await once(other, 'message').catch(() => {});
			await other.terminate();
			const [before] = await once(right, 'message');
			let now = before;
			while (now < before + 20) [now] = await once(right, 'message');
		}

		process.stdout.write('carried on');
		await right.terminate();
	`;
	const {stdout, stderr, code} = await runProgram(source);
	t.is(stderr, '');
	t.is(stdout, 'carried on');
	t.is(code, 0);
});
