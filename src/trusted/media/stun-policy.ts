import {expectChoice, expectObject} from './argument-checks.js';
import type {NativeStun} from './native-media-plane.js';

/** `ice-ufrag` and `ice-pwd` (RFC 8839 §5.4). */
export const iceUsernameFragment = /^[A-Za-z0-9+/]{4,256}$/;
export const icePassword = /^[A-Za-z0-9+/]{22,256}$/;

/** Checks a `StunPolicy` and lays it down for the addon. Throws `TypeError` and names the field; no message shows a value. */
export function toNativeStun(stun: unknown): NativeStun {
	const {kind} = expectObject('stun', stun, ['kind', 'usernameFragment', 'password']);
	if (expectChoice('stun.kind', kind, ['answer', 'ice-lite']) === 'answer') {
		expectObject('stun', stun, ['kind']);
		return {};
	}

	const {usernameFragment, password} = expectObject('stun', stun, ['kind', 'usernameFragment', 'password']);
	return {
		usernameFragment: expectText('stun.usernameFragment', usernameFragment, iceUsernameFragment, '4 to 256'),
		password: expectText('stun.password', password, icePassword, '22 to 256'),
	};
}

function expectText(name: string, value: unknown, form: RegExp, length: string): string {
	if (typeof value !== 'string' || !form.test(value)) {
		throw new TypeError(`Expected ${length} letters, digits, + and / for \`${name}\`.`);
	}

	return value;
}
