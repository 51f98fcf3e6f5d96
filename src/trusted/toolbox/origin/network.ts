import {BlockList, isIP, isIPv4, isIPv6} from 'node:net';
import {SallyportError} from '../../../base/error.js';

/** How much of an address must be the same: all of it, or its network (IPv4 /24, IPv6 /64, a carrier's range). */
export type OriginScope = 'address' | 'network';

/** One spelling for each address: IPv6 as RFC 5952, IPv4 in IPv6 as IPv4 (RFC 4291 §2.5.5.2), names in lower case. */
export function canonicalAddress(text: string): string {
	const lower = text.toLowerCase().replace(/^\[|\]$/g, '');
	if (!isIPv6(lower)) {
		return lower.replace(/\.$/, '');
	}

	const reference = `http://[${lower.split('%')[0]}]`;
	const address = URL.canParse(reference) ? new URL(reference).hostname.slice(1, -1) : lower;
	const [, high = '', low = ''] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address) ?? [];
	return high === '' ? address : [high, low].flatMap(octetsOf).join('.');
}

/** The networks that count as one place each, for peers whose `originScope` is `network`. */
export class Places {
	readonly #carriers: readonly {readonly network: string; readonly block: BlockList}[];

	/** `carrierNetworks`: ranges behind whose translators a peer's address changes, as `100.64.0.0/10`. Throws BAD_OPTIONS. */
	constructor(carrierNetworks: readonly string[] = []) {
		this.#carriers = carrierNetworks.map((network) => {
			const parsed = parseNetwork(network);
			if (parsed === undefined) {
				throw new SallyportError('BAD_OPTIONS', `Expected a network such as 100.64.0.0/10, got ${network}.`);
			}

			const block = new BlockList();
			block.addSubnet(parsed.address, parsed.prefixBits, parsed.family);
			return {network, block};
		});
	}

	/** The place that an address is at: itself, or its network as `192.0.2.0/24`. A name is a place of its own. */
	placeOf(address: string, scope: OriginScope): string {
		const canonical = canonicalAddress(address);
		if (scope === 'address' || isIP(canonical) === 0) {
			return canonical;
		}

		const family = isIPv4(canonical) ? 'ipv4' : 'ipv6';
		const carrier = this.#carriers.find(({block}) => block.check(canonical, family));
		if (carrier !== undefined) {
			return carrier.network;
		}

		return family === 'ipv4' ? `${canonical.split('.').slice(0, 3).join('.')}.0/24` : prefix64Of(canonical);
	}
}

/** What one host can have as its own: an IPv4 address, or the /64 around an IPv6 address. A name is one by itself. */
export function hostOf(address: string): string {
	const canonical = canonicalAddress(address);
	return isIP(canonical) === 6 ? prefix64Of(canonical) : canonical;
}

function prefix64Of(canonical: string): string {
	return `${canonicalAddress(`${groupsOf(canonical).slice(0, 4).join(':')}::`)}/64`;
}

/** Address, prefix and family of a network such as `192.0.2.0/24`; undefined where it is none. */
export function parseNetwork(
	text: string,
): {readonly address: string; readonly prefixBits: number; readonly family: 'ipv4' | 'ipv6'} | undefined {
	const [, address = '', digits] = /^([\dA-Fa-f.:]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
	const version = isIP(address);
	const prefixBits = Number(digits);
	return version === 0 || !(prefixBits <= (version === 4 ? 32 : 128))
		? undefined
		: {address, prefixBits, family: version === 4 ? 'ipv4' : 'ipv6'};
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly string[] {
	const [head = '', tail] = address.split('::');
	const first = head === '' ? [] : head.split(':');
	const last = tail === undefined || tail === '' ? [] : tail.split(':');
	return [...first, ...Array.from({length: 8 - first.length - last.length}, () => '0'), ...last];
}

function octetsOf(group: string): readonly number[] {
	const value = Number.parseInt(group, 16);
	return [value >> 8, value & 0xff];
}
