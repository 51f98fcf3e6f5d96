import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {serve} from '../machinery/child-process.mjs';

let sockets = [];

serve({
	setUp({calls}) {
		return Promise.all(calls.map(setUpCall));
	},
	tearDown() {
		for (const socket of sockets) {
			socket.close();
		}

		sockets = [];
	},
});

async function setUpCall(remotes) {
	const legs = await Promise.all(remotes.map(bindSocket));
	for (const [leg, socket] of legs.entries()) {
		const other = legs[1 - leg];
		const {port, address} = remotes[1 - leg];
		socket.on('message', (packet) => other.send(packet, port, address));
	}

	return legs.map((socket) => {
		const {address, port} = socket.address();
		return {address, port};
	});
}

async function bindSocket() {
	// The address is numeric: without a look-up of ours Node asks its resolver for every packet.
	const lookup = (host, _options, done) => done(null, host, 4);
	const socket = createSocket({type: 'udp4', lookup, recvBufferSize: 512 * 1024});
	const listening = once(socket, 'listening');
	socket.bind(0, '127.0.0.1');
	await listening;
	sockets.push(socket);
	return socket;
}
