/** Contents octets of an OBJECT IDENTIFIER (X.690 §8.19). Throws `RangeError` on text that is none. */
export function encodeObjectIdentifier(dotted: string): Uint8Array {
	const arcs = dotted.split('.').map(Number);
	const [first, second] = arcs;
	if (
		!/^[0-2](\.(0|[1-9]\d{0,15}))+$/.test(dotted) ||
		first === undefined ||
		second === undefined ||
		(first < 2 && second > 39)
	) {
		throw new RangeError(`Expected a dotted object identifier, got "${dotted}".`);
	}

	const octets: number[] = [];
	for (const arc of [first * 40 + second, ...arcs.slice(2)]) {
		const groups = [arc % 128];
		for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
			groups.unshift((rest % 128) | 0x80);
		}
		octets.push(...groups);
	}

	return Uint8Array.from(octets);
}

/** Dotted text of contents octets, or undefined where they are not minimal, cut short, or beyond what we name. */
export function decodeObjectIdentifier(content: Uint8Array): string | undefined {
	if (content.length === 0 || content.length > maxOctets) {
		return undefined;
	}

	const arcs: number[] = [];
	let arc = 0;
	let isInside = false;
	for (const octet of content) {
		if (!isInside && octet === 0x80) {
			return undefined;
		}
		arc = arc * 128 + (octet & 0x7f);
		if (arc > Number.MAX_SAFE_INTEGER) {
			return undefined;
		}
		isInside = octet >= 0x80;
		if (!isInside) {
			arcs.push(arc);
			arc = 0;
		}
	}
	if (isInside) {
		return undefined;
	}

	const [joint = 0, ...rest] = arcs;
	const first = Math.min(2, Math.floor(joint / 40));
	return [first, joint - first * 40, ...rest].join('.');
}

const maxOctets = 64;
