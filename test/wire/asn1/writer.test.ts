import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	decodeObjectIdentifier,
	derBitString,
	derElement,
	derInteger,
	derObjectIdentifier,
	derPrintableString,
	derSequence,
	derSetOf,
	derTime,
	derToPem,
	encodeObjectIdentifier,
	pemToDer,
	readAsn1,
} from '#dist/wire/asn1/index.js';

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('hex');
}

for (const [value, expected] of [
	[0, '020100'],
	[127, '02017f'],
	[128, '02020080'],
	[256, '02020100'],
	[-1, '0201ff'],
	[-128, '020180'],
	[-129, '0202ff7f'],
] as const) {
	test(`INTEGER ${value} is written as X.690 §8.3 says`, (t) => {
		t.is(hex(derInteger(value)), expected);
	});
}

test('a magnitude becomes a positive INTEGER without needless zeros', (t) => {
	t.is(hex(derInteger(Uint8Array.of(0, 0, 0x80))), '02020080');
	t.is(hex(derInteger(Uint8Array.of(0, 0))), '020100');
});

test('object identifiers are written as X.690 §8.19 says', (t) => {
	t.is(hex(derObjectIdentifier('1.2.840.113549')), '06062a864886f70d');
	t.is(hex(derObjectIdentifier('2.100.3')), '0603813403');
	t.throws(() => encodeObjectIdentifier('1.40'), {instanceOf: RangeError});
	t.throws(() => encodeObjectIdentifier('1'), {instanceOf: RangeError});
});

test('object identifiers that are padded, cut short or empty are none', (t) => {
	t.is(decodeObjectIdentifier(Uint8Array.of(0x2a, 0x80, 0x01)), undefined);
	t.is(decodeObjectIdentifier(Uint8Array.of(0x2a, 0x86)), undefined);
	t.is(decodeObjectIdentifier(new Uint8Array()), undefined);
});

testProp(
	'object identifiers survive writing and reading',
	[fc.nat(39), fc.array(fc.nat(), {minLength: 0, maxLength: 8})],
	(t, second, rest) => {
		const dotted = [1, second, ...rest].join('.');
		t.is(decodeObjectIdentifier(encodeObjectIdentifier(dotted)), dotted);
	},
);

test('lengths take the shortest form', (t) => {
	t.is(hex(derElement(0x04, new Uint8Array(127)).subarray(0, 2)), '047f');
	t.is(hex(derElement(0x04, new Uint8Array(128)).subarray(0, 3)), '048180');
	t.is(hex(derElement(0x04, new Uint8Array(256)).subarray(0, 4)), '04820100');
	t.is(hex(derElement(0x04, new Uint8Array(65_536)).subarray(0, 5)), '0483010000');
});

test('a SET OF stands in ascending order', (t) => {
	t.is(hex(derSetOf(derInteger(5), derInteger(3), derInteger(300))), '310a0201030201050202012c');
});

test('times are UTCTime up to 2049 and GeneralizedTime from 2050', (t) => {
	t.is(Buffer.from(derTime(Date.UTC(2049, 11, 31, 23, 59, 59)).subarray(2)).toString(), '491231235959Z');
	t.is(Buffer.from(derTime(Date.UTC(2050, 0, 1)).subarray(2)).toString(), '20500101000000Z');
});

test('strings refuse characters outside their repertoire', (t) => {
	t.throws(() => derPrintableString('a@b'), {instanceOf: RangeError});
	t.is(hex(derBitString(Uint8Array.of(0xa0), 5)), '030205a0');
});

test('PEM blocks are found among text and other blocks', (t) => {
	const der = derSequence(derInteger(1));
	const text = `subject: x\r\n${derToPem(der, 'OTHER')}\n${derToPem(der)}${derToPem(derSequence())}`;
	t.deepEqual(pemToDer(text), {ok: true, value: [der, derSequence()]});
	t.false(pemToDer('-----BEGIN CERTIFICATE-----\nAAAA').ok);
	t.false(pemToDer('-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----').ok);
	t.deepEqual(pemToDer(''), {ok: true, value: []});
});

testProp('whatever is written is read back', [fc.uint8Array({maxLength: 300}), fc.bigInt()], (t, octets, number) => {
	const der = derSequence(derElement(0x04, octets), derInteger(number));
	const read = readAsn1(der, 'der', (root) => {
		const cursor = root.sequence();
		const values = [hex(cursor.next().octetString()), hex(cursor.next().integer())];
		cursor.end();
		return values;
	});
	t.deepEqual(read, {ok: true, value: [hex(octets), hex(derInteger(number).subarray(2))]});
});
