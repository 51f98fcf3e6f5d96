import process from 'node:process';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {MediaPlane} from '../../dist/trusted/media/media-plane.js';
import {MasterKey} from '../../dist/trusted/media/srtp/master-key.js';
import {serve} from '../machinery/child-process.mjs';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const plane = MediaPlane.open({
	interfaces: [{name: 'loopback', address: '127.0.0.1', ports: [20_000, 59_999]}],
	workers: 1,
	// rtpengine 10.5 knows no rest: set-up and end would otherwise be measured by ports.
	portCoolDownMs: 0,
});
let relays = [];

serve({
	/** → where each leg listens, by call. */
	setUp({calls}) {
		return Promise.all(calls.map(setUpCall));
	},
	/** → octets that JavaScript holds, garbage apart. */
	measureHeap() {
		collectGarbage();
		const {heapUsed, external} = process.memoryUsage();
		return heapUsed + external;
	},
	async tearDown() {
		await Promise.all(relays.map((relay) => plane.destroyRelay(relay)));
		relays = [];
	},
});

async function setUpCall(settings) {
	const {relay, legs} = await plane.createRelay([{}, {}]);
	relays.push(relay);
	await Promise.all(
		settings.map(({remote, inbound, outbound}, leg) =>
			plane.configureLeg(relay, leg, {
				remote: {rtp: remote, rtcp: {...remote, port: remote.port ^ 1}},
				sessions:
					inbound === undefined
						? {kind: 'clear'}
						: {kind: 'srtp', inbound: {keys: [toSlot(inbound)]}, outbound: toSlot(outbound)},
			}),
		),
	);
	return legs.map(({rtp}) => rtp);
}

function toSlot({suite, key}) {
	return {slot: MasterKey.fromBytes(suite, Buffer.from(key, 'base64')).deposit()};
}
