import type {SdpLine, SessionDescription} from '../sdp/description.js';
import {type HandleAttribute, writeHandleAttribute} from './handle-attribute.js';

/** One `a=crypto` line of a media section. */
export type CryptoLine = {
	readonly mediaIndex: number;
	/** What follows `a=crypto:`. */
	readonly value: string;
};

/** Every `a=crypto` line of the media sections; one at session level means nothing (RFC 4568 §4). */
export function cryptoLines(description: SessionDescription): CryptoLine[] {
	return description.media.flatMap(({lines}, mediaIndex) =>
		lines.filter(isCrypto).map(({value}) => ({mediaIndex, value: value.slice(cryptoPrefix.length)})),
	);
}

/**
 * A copy without key bytes: each `a=crypto` line becomes what `replace` says of it, or goes where that is undefined. Every
 * other line that can hold a key goes too: `k=` (RFC 4566 §5.12), `a=key-mgmt` (RFC 4567), `a=crypto` at session
 * level or in other case, and whatever has `inline:` in it (capabilities of RFC 5939).
 */
export function redactCrypto(
	description: SessionDescription,
	replace: (line: CryptoLine) => HandleAttribute | undefined,
): SessionDescription {
	const media = description.media.map((section, mediaIndex) => ({
		...section,
		lines: section.lines.flatMap((line) => {
			if (!isCrypto(line)) {
				return mayHoldKey(line) ? [] : [line];
			}

			const handle = replace({mediaIndex, value: line.value.slice(cryptoPrefix.length)});
			return handle ? [{type: 'a', value: `${cryptoPrefix}${writeHandleAttribute(handle)}`}] : [];
		}),
	}));
	return {lines: description.lines.filter((line) => !mayHoldKey(line)), media};
}

function isCrypto({type, value}: SdpLine): boolean {
	return type === 'a' && value.startsWith(cryptoPrefix);
}

function mayHoldKey({type, value}: SdpLine): boolean {
	return type.toLowerCase() === 'k' || /inline[ \t]*:|^[ \t]*(?:crypto|key-mgmt)\b/i.test(value);
}

const cryptoPrefix = 'crypto:';
