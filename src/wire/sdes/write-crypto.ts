import type {CryptoAttribute} from './crypto-attribute.js';
import {writeKeyParams} from './key-params.js';
import {writeSessionParameters} from './session-parameters.js';
import {srtpSuites} from './suites.js';

/** What follows `a=crypto:`. Throws `RangeError` where a key is not as long as the suite says. */
export function writeCryptoAttribute(attribute: CryptoAttribute): string {
	const {tag, suite, suiteSpelling, keys, sessionParameters} = attribute;
	const {keyOctets, saltOctets} = srtpSuites[suite];
	if (keys.some(({keyAndSalt}) => keyAndSalt.length !== keyOctets + saltOctets)) {
		throw new RangeError(`Expected ${keyOctets + saltOctets} octets of key and salt for ${suite}.`);
	}

	return [tag, suiteSpelling ?? suite, writeKeyParams(keys), ...writeSessionParameters(sessionParameters)].join(' ');
}
