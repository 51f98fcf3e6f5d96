// The traffic generator as a process of its own.
import {MasterKey} from '../../dist/trusted/media/srtp/master-key.js';
import {TrafficGenerator} from '../../dist/trusted/media/traffic-generator.js';
import {serve} from './child-process.mjs';

let generator;

serve({
	/** → addresses of caller and callee, by call. */
	open({calls}) {
		generator?.close();
		generator = TrafficGenerator.open({localAddress: '127.0.0.1', calls});
		return Array.from({length: calls}, (_, call) => [generator.address(call, 0), generator.address(call, 1)]);
	},
	prepare({calls, ...plan}) {
		generator.prepare({...plan, calls: calls.map((parties) => parties.map(withSlots))});
	},
	run() {
		return generator.run();
	},
});

function withSlots({relay, outbound, inbound}) {
	return {
		relay,
		...(outbound !== undefined && {outbound: toSlot(outbound)}),
		...(inbound !== undefined && {inbound: toSlot(inbound)}),
	};
}

function toSlot({suite, key}) {
	return {slot: MasterKey.fromBytes(suite, Buffer.from(key, 'base64')).deposit()};
}
