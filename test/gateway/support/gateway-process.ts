/** A gateway in a process of its own, so that its descriptors and memory are nobody else's. Started by `openSeparateGateway`. */
import {readdir, readFile} from 'node:fs/promises';
import process from 'node:process';
import {parseGatewayOptions} from '#dist/gateway/index.js';
import {heldBy, startGateway} from './world.js';

const gateway = await startGateway(parseGatewayOptions(JSON.parse(process.argv[2] ?? '')));
process.on('message', async () => {
	globalThis.gc?.();
	process.send?.({
		held: await heldBy(gateway),
		descriptors: (await readdir('/proc/self/fd')).length,
		octets: process.memoryUsage.rss(),
		mostOctets: 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]),
		counters: gateway.running.gateway.counters.layer,
		unread: gateway.running.gateway.counters.transports.reduce((sum, {refused}) => sum + refused, 0),
		work: await gateway.running.readWork(),
	});
});
process.on('disconnect', () => process.exit(0));
process.send?.({tcp: gateway.target('tcp').port, udp: gateway.target('udp').port});
