/** How far `to` lies after `from` on the circle of 16-bit sequence numbers: −32768 to 32767. */
export function sequenceDistance(from: number, to: number): number {
	return ((to - from) << 16) >> 16;
}

/** How far `to` lies after `from` on the circle of 32-bit timestamps: −2^31 to 2^31 − 1. */
export function timestampDistance(from: number, to: number): number {
	return (to - from) | 0;
}

/**
 * The rollover counter of a packet with `sequenceNumber`, guessed from the highest index so far
 * (RFC 3711 §3.3.1 and App. A). `undefined` where the guess leaves 0 to 2^32 − 1, before the stream's beginning or past its end: a packet to refuse.
 */
export function guessRolloverCounter(
	sequenceNumber: number,
	highest: {readonly rolloverCounter: number; readonly sequenceNumber: number},
): number | undefined {
	const {rolloverCounter, sequenceNumber: reached} = highest;
	let guess = rolloverCounter;
	if (reached < 0x80_00 && sequenceNumber - reached > 0x80_00) {
		guess--;
	} else if (reached >= 0x80_00 && reached - 0x80_00 > sequenceNumber) {
		guess++;
	}

	return guess < 0 || guess > 0xff_ff_ff_ff ? undefined : guess;
}

/** The 48-bit index of a packet (RFC 3711 §3.3.1): exact as a number. */
export function packetIndex(rolloverCounter: number, sequenceNumber: number): number {
	return rolloverCounter * 0x1_00_00 + sequenceNumber;
}
