/** What the first octets of a datagram say that it is. */
export type DatagramKind = 'stun' | 'zrtp' | 'dtls' | 'turn-channel' | 'rtp' | 'rtcp' | 'unknown';

/**
 * Sorts what may share one port: by the first octet (RFC 7983 §7), and RTCP from RTP by the second
 * (RFC 5761 §4: packet types 192 to 223, hence payload types 64 to 95 are not used beside RTCP).
 */
export function classifyDatagram(datagram: Uint8Array): DatagramKind {
	const [first, second] = datagram;
	if (first === undefined) {
		return 'unknown';
	}

	if (first >= 128 && first <= 191) {
		return second !== undefined && second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
	}

	return firstOctets.find(({from, to}) => first >= from && first <= to)?.kind ?? 'unknown';
}

const firstOctets: readonly {readonly from: number; readonly to: number; readonly kind: DatagramKind}[] = [
	{from: 0, to: 3, kind: 'stun'},
	{from: 16, to: 19, kind: 'zrtp'},
	{from: 20, to: 63, kind: 'dtls'},
	{from: 64, to: 79, kind: 'turn-channel'},
];
