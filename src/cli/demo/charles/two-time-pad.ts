import type {RtpPacket} from '../../../wire/rtp/rtp-packet.js';

/** Payloads of one recorded stream by sequence number; what a wiretap sees, nothing decrypted. */
export type Ciphertexts = ReadonlyMap<number, Uint8Array>;

/** What a comparison of two recordings shows. */
export type TwoTimePad = {
	/** Sequence numbers that occur in both recordings. */
	readonly overlappingPackets: number;
	readonly overlappingOctets: number;
	/** Of those, octets in which the XOR of the ciphertexts is the XOR of the two plaintexts. */
	readonly matchingOctets: number;
	/** What the attacker computes from the known plaintext alone: ciphertext ⊕ ciphertext ⊕ known. */
	readonly recovered: ReadonlyMap<number, Uint8Array>;
};

/** Encrypted payloads of `packets` by sequence number, without the authentication tag of `tagOctets` at the end. */
export function ciphertextsOf(packets: readonly RtpPacket[], tagOctets: number): Ciphertexts {
	return new Map(
		packets.map((packet) => [
			packet.sequenceNumber,
			packet.payload.subarray(0, Math.max(0, packet.payload.length - tagOctets)),
		]),
	);
}

/**
 * Shows whether two recordings were encrypted with the same keystream. `known` is the plaintext of the first, which
 * the attacker has; `unknown` that of the second, which he wants: it serves to check the claim, never to compute
 * `recovered`.
 */
export function compareRecordings(
	first: Ciphertexts,
	second: Ciphertexts,
	known: Ciphertexts,
	unknown: Ciphertexts,
): TwoTimePad {
	const recovered = new Map<number, Uint8Array>();
	let overlappingOctets = 0;
	let matchingOctets = 0;
	for (const [sequenceNumber, a] of first) {
		const b = second.get(sequenceNumber);
		const p = known.get(sequenceNumber);
		if (b === undefined || p === undefined) {
			continue;
		}

		const guess = new Uint8Array(Math.min(a.length, b.length, p.length));
		const truth = unknown.get(sequenceNumber);
		for (let i = 0; i < guess.length; i++) {
			const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
			guess[i] = difference ^ (p[i] ?? 0);
			if (truth !== undefined && difference === ((p[i] ?? 0) ^ (truth[i] ?? 0))) {
				matchingOctets++;
			}
		}

		overlappingOctets += guess.length;
		recovered.set(sequenceNumber, guess);
	}

	return {overlappingPackets: recovered.size, overlappingOctets, matchingOctets, recovered};
}
