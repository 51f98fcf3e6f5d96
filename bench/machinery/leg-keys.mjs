import {randomBytes} from 'node:crypto';
import {srtpSuites} from '../../dist/wire/sdes/suites.js';

/** A fresh key of a suite as a bench passes it between processes: no call outlives the run. */
export function freshKey(suite) {
	const {keyOctets, saltOctets} = srtpSuites[suite];
	return {suite, key: randomBytes(keyOctets + saltOctets).toString('base64')};
}
