import type {WireAddress} from './wire-party.js';

/**
 * The octets of a message with a Record-Route before its other headers: who sends it is on the way of what the gateway
 * asks later, since the Contact, which may be signed, leads to an address that is not of this machine. A proxy adds it
 * and no signature covers it.
 */
export function withRecordRoute(octets: Buffer, {address, port}: WireAddress): Buffer {
	return withLineAt(octets, octets.indexOf('\r\n') + 2, `Record-Route: <sip:${address}:${port};lr>\r\n`);
}

/** The octets with a tag in their To, as the peer of a dialog sends them. */
export function withToTag(octets: Buffer, tag: string): Buffer {
	const head = octets.toString('latin1', 0, octets.indexOf('\r\n\r\n') + 2);
	const to = /^(?:To|t)[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*/im.exec(head);
	return to === null ? octets : withLineAt(octets, to.index + to[0].length, `;tag=${tag}`);
}

/** The octets with another value for a header that stands there once. */
export function withHeaderLine(octets: Buffer, name: string, value: string): Buffer {
	const head = octets.toString('latin1', 0, octets.indexOf('\r\n\r\n') + 2);
	const line = new RegExp(`^${name}[ \\t]*:[^\\r\\n]*`, 'im').exec(head);
	return line === null
		? octets
		: Buffer.concat([
				octets.subarray(0, line.index),
				Buffer.from(`${name}: ${value}`, 'latin1'),
				octets.subarray(line.index + line[0].length),
			]);
}

function withLineAt(octets: Buffer, position: number, text: string): Buffer {
	return Buffer.concat([octets.subarray(0, position), Buffer.from(text, 'latin1'), octets.subarray(position)]);
}
