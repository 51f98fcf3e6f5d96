// Relays come and go by the thousand: the long profile makes 100,000, the ordinary suite a share of them.
import {readFileSync} from 'node:fs';
import test from 'ava';
import {isSoakingAlone} from '../profile.js';
import {loopback, openPlane, somePortRange} from '../trusted/media/support/plane.js';

const relays = isSoakingAlone ? 100_000 : 2000;
const atOnce = 20;

test(`${relays} relays made and ended leave no port behind`, async (t) => {
	const range = somePortRange(4 * atOnce);
	const plane = openPlane(t, {workers: 2, interfaces: loopback(range)});
	for (let made = 0; made < relays; made += atOnce) {
		// Pairs and single ports by turns, so that pairs break and must come whole again.
		const rtcp = (made / atOnce) % 2 === 0 ? 'pair' : 'mux';
		const created = await Promise.all(
			Array.from({length: atOnce}, () =>
				plane.createRelay([
					{family: 'IPv4', rtcp},
					{family: 'IPv6', rtcp},
				]),
			),
		);
		t.deepEqual(plane.load, {
			relays: [atOnce / 2, atOnce / 2],
			unavailablePorts: rtcp === 'pair' ? [40, 40] : [20, 20],
		});
		await Promise.all(created.map(({relay}) => plane.destroyRelay(relay)));
	}

	t.is(plane.size, 0);
	t.is(boundPorts(range), 0);
	// All of them are to be had at once, and not one more.
	const all = await Promise.all(Array.from({length: 2 * atOnce}, () => plane.createRelay([{}, {family: 'IPv6'}])));
	t.is(all.length, 2 * atOnce);
	await t.throwsAsync(plane.createRelay([{}, {}]), {code: 'PORTS_EXHAUSTED'});
});

/** Ports of a range on which the system has a UDP socket. */
function boundPorts([first, last]: readonly [number, number]): number {
	return ['/proc/net/udp', '/proc/net/udp6']
		.flatMap((path) => readFileSync(path, 'utf8').split('\n'))
		.map((line) => Number.parseInt(/^ *\d+: [\dA-F]+:([\dA-F]{4}) /.exec(line)?.[1] ?? '0', 16))
		.filter((port) => port >= first && port <= last).length;
}
