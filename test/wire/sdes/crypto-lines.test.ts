import {readFileSync} from 'node:fs';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	type CryptoAttribute,
	looksLikePassphrase,
	parseCryptoAttribute,
	writeCryptoAttribute,
} from '#dist/wire/sdes/index.js';
import {runs} from '../../profile.js';
import {fastestMs} from '../fastest-ms.js';
import {readShared, testWithShared} from '../shared-vectors.js';

type OwnCase = {
	readonly id: string;
	readonly source: string;
	readonly value: string;
	readonly expect: string;
	readonly parsed?: Readonly<Record<string, unknown>>;
};

const own: {readonly cases: readonly OwnCase[]} = JSON.parse(readFileSync('test/vectors/sdes-lines.json', 'utf8'));

for (const {id, source, value, expect, parsed} of own.cases) {
	test(`The crypto line "${id}" is read as ${source} says`, (t) => {
		const attribute = parseCryptoAttribute(value);
		t.is(attribute.ok ? 'ok' : attribute.failure.code, expect);
		if (attribute.ok) {
			const summary = summaryOf(attribute.value);
			t.deepEqual({...summary, ...parsed}, summary);
			t.deepEqual(parseCryptoAttribute(writeCryptoAttribute(attribute.value)), attribute);
		}
	});
}

/** The attribute in the words of the vector files. */
function summaryOf({tag, suite, suiteSpelling, keys, sessionParameters}: CryptoAttribute): Record<string, unknown> {
	const [{lifetimePackets, mki}] = keys;
	return {
		tag,
		suite,
		suiteSpelling,
		keys: keys.length,
		lifetimePackets,
		mki: mki && Buffer.from(mki).toString('hex'),
		...sessionParameters,
		fecKeys: sessionParameters.fecKeys?.length,
	};
}

type SharedCase = {
	readonly id: string;
	readonly line: string;
	readonly expect: string;
	readonly parsed?: Readonly<Record<string, unknown>>;
};

/** What each word of the legend lets a reader do. */
const verdicts: Readonly<Record<string, (code: string) => boolean>> = {
	accept: (code) => code === 'ok',
	'accept-syntax': (code) => code === 'ok',
	'accept-syntax-unsupported-suite': (code) => code === 'UNSUPPORTED_SUITE',
	'reject-attribute': (code) => code !== 'ok',
	'reject-or-lenient': () => true,
	'reject-policy': (code) => code !== 'ok',
	'policy-refuse': (code) => code !== 'ok',
	policy: () => true,
	'reject-or-canonicalise': (code) => code !== 'ok',
};

const shared = readShared<{readonly cases: readonly SharedCase[]}>('sdes', 'crypto-lines.json');
const withVectors = testWithShared(['sdes', 'crypto-lines.json']);

withVectors('Every crypto line of the shared vectors gets its verdict', (t) => {
	for (const {id, line, expect, parsed} of shared?.cases ?? []) {
		const attribute = parseCryptoAttribute(line.replace(/^a=crypto:/, ''));
		const code = attribute.ok ? 'ok' : attribute.failure.code;
		t.true(verdicts[expect]?.(code), `${id}: expected ${expect}, got ${code}`);
		if (attribute.ok) {
			const summary = sharedSummaryOf(attribute.value);
			t.deepEqual({...summary, ...parsed}, summary, id);
		}
	}
});

function sharedSummaryOf({tag, suite, keys, sessionParameters}: CryptoAttribute): Record<string, unknown> {
	const [{lifetimePackets, mki}] = keys;
	return {
		tag,
		suite,
		keyMethod: 'inline',
		keys: keys.length,
		lifetime: lifetimePackets,
		mki: mki && Number(BigInt(`0x${Buffer.from(mki).toString('hex')}`)),
		mkiLength: mki?.length,
		wsh: sessionParameters.windowSizeHint,
		kdr: sessionParameters.keyDerivationRate,
		fecOrder: sessionParameters.fecOrder,
	};
}

test('Media without protection is taken only by the word that looks wrong in review', (t) => {
	const key = own.cases.find(({id}) => id === 'parameter-unencrypted-srtp')?.value ?? '';
	const attribute = parseCryptoAttribute(`${key} UNENCRYPTED_SRTCP UNAUTHENTICATED_SRTP`, {
		unprotectedMedia: 'i-accept-unprotected-media',
	});
	t.deepEqual(attribute.ok && attribute.value.sessionParameters, {
		isSrtpUnencrypted: true,
		isSrtcpUnencrypted: true,
		isSrtpUnauthenticated: true,
	});
});

test('A failure names the tag but never the key', (t) => {
	for (const {value, expect} of own.cases.filter(({expect}) => expect !== 'ok')) {
		const attribute = parseCryptoAttribute(value);
		const key = /inline:([^|;\s]{8,})/i.exec(value)?.[1];
		t.false(attribute.ok);
		t.false(key !== undefined && JSON.stringify(attribute).includes(key.slice(0, 8)), expect);
	}

	const short = parseCryptoAttribute('17 AES_CM_128_HMAC_SHA1_80 inline:AAAA');
	t.is(short.ok ? undefined : short.failure.tag, 17);
});

test('A key of printable characters looks like a passphrase, a random one does not', (t) => {
	t.true(looksLikePassphrase(Buffer.from('0123456789ABCDEF')));
	t.false(looksLikePassphrase(Buffer.from('0123456789ABCDE\x80', 'latin1')));
	t.false(looksLikePassphrase(new Uint8Array()));
});

testProp(
	'A mutated crypto line never throws and never reads as another key',
	[fc.constantFrom(...own.cases.map(({value}) => value)), fc.nat(), fc.nat(255)],
	(t, value, place, code) => {
		const at = place % (value.length + 1);
		const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
		const attribute = parseCryptoAttribute(changed);
		if (attribute.ok) {
			t.deepEqual(parseCryptoAttribute(writeCryptoAttribute(attribute.value)), attribute);
		}

		t.pass();
	},
	runs(2000),
);

testProp('Random text never throws', [fc.string({unit: 'binary', maxLength: 200})], (t, text) => {
	parseCryptoAttribute(text);
	parseCryptoAttribute(`1 AES_CM_128_HMAC_SHA1_80 inline:${text}`);
	t.pass();
});

for (const [title, text] of [
	['blanks', `1 A ${' '.repeat(8100)}`],
	['key fields', `1 AES_CM_128_HMAC_SHA1_80 ${'inline:a|'.repeat(900)}`],
	['keys', `1 AES_CM_128_HMAC_SHA1_80 ${'inline:a;'.repeat(900)}`],
	['padding', `1 AES_CM_128_HMAC_SHA1_80 inline:${'='.repeat(8100)}`],
	['digits of an MKI', `1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}|${'9'.repeat(8000)}:128`],
	['parameters', `1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}${' -x'.repeat(2600)}`],
] as const) {
	test(`8 KiB of ${title} are done with in bounded time`, (t) => {
		t.true(fastestMs(() => parseCryptoAttribute(text)) < 50);
	});
}
