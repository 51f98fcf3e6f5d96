import test from 'ava';
import {srtpSuites} from '#dist/wire/sdes/suites.js';
import {read} from './source-tree.js';

test('the suites of the wire floor and of the addon are the same', (t) => {
	const rows = read('native/srtp/suite.h').matchAll(
		/\{Suite::\w+, "(\w+)", (\d+), (\d+), (\d+), (\d+), (true|false)\}/g,
	);
	const native = [...rows].map(([, name, keyOctets, saltOctets, tagOctets, rtcpTagOctets]) => [
		name,
		{
			keyOctets: Number(keyOctets),
			saltOctets: Number(saltOctets),
			tagOctets: Number(tagOctets),
			rtcpTagOctets: Number(rtcpTagOctets),
		},
	]);
	t.deepEqual(Object.fromEntries(native), {...srtpSuites});
});
