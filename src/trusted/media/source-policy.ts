import {isIP} from 'node:net';
import {expectAddress, expectChoice, expectObject} from './argument-checks.js';
import type {NativeLegSettings} from './native-media-plane.js';

export type NativeSource = Pick<NativeLegSettings, 'source' | 'sourceBlock' | 'mayMove'>;

/** A block of addresses as `192.0.2.0/24` or `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3); undefined when it is none. */
export function parseNetwork(text: string): {readonly address: string; readonly prefixBits: number} | undefined {
	const [, address, digits] = /^([0-9A-Fa-f.:]{2,45})\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
	const family = isIP(address ?? '');
	const prefixBits = Number(digits);
	return address === undefined || family === 0 || prefixBits > (family === 4 ? 32 : 128)
		? undefined
		: {address, prefixBits};
}

/** Checks a `SourcePolicy` and lays it down for the addon. Throws `TypeError` and names the field. */
export function toNativeSource(source: unknown): NativeSource {
	if (source === undefined) {
		return {source: 'declared', mayMove: false};
	}

	const {kind} = expectObject('source', source, ['kind', 'address', 'network', 'relatch']);
	const rule = expectChoice('source.kind', kind, ['declared', 'learned', 'subnet', 'signalling-address']);
	switch (rule) {
		case 'declared':
			expectObject('source', source, ['kind']);
			return {source: rule, mayMove: false};
		case 'learned': {
			const {relatch} = expectObject('source', source, ['kind', 'relatch']);
			return {source: rule, mayMove: mayMove(relatch)};
		}

		case 'subnet': {
			const {network, relatch} = expectObject('source', source, ['kind', 'network', 'relatch']);
			return {source: rule, sourceBlock: expectNetwork('source.network', network), mayMove: mayMove(relatch)};
		}

		case 'signalling-address': {
			const {address, relatch} = expectObject('source', source, ['kind', 'address', 'relatch']);
			const sourceBlock = {address: expectAddress('source.address', address), prefixBits: wholeAddressBits};
			return {source: rule, sourceBlock, mayMove: mayMove(relatch)};
		}
	}
}

function mayMove(relatch: unknown): boolean {
	return relatch !== undefined && expectChoice('source.relatch', relatch, ['authenticated']) === 'authenticated';
}

function expectNetwork(name: string, value: unknown) {
	const network = typeof value === 'string' ? parseNetwork(value) : undefined;
	if (network === undefined) {
		throw new TypeError(`Expected a numeric address, a slash and the bits of its prefix for \`${name}\`.`);
	}

	return network;
}

/** The addon takes what an address has not for all that it has. */
const wholeAddressBits = 128;
