import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import type {Asn1Element} from '#dist/wire/asn1/index.js';
import {derElement, derOctetString, derSequence, readAsn1} from '#dist/wire/asn1/index.js';
import {runs} from '../../profile.js';

function fromHex(text: string): Uint8Array {
	return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function code(octets: Uint8Array, rules: 'ber' | 'der', read: (root: Asn1Element) => unknown = () => undefined) {
	const result = readAsn1(octets, rules, read);
	return result.ok ? 'ok' : result.failure.code;
}

for (const [title, octets, ber, der] of [
	['an indefinite length', '30 80 02 01 05 00 00', 'ok', 'ASN1_MALFORMED'],
	['a length longer than needed', '30 81 03 02 01 05', 'ok', 'ASN1_MALFORMED'],
	['an OCTET STRING in segments', '24 06 04 01 61 04 01 62', 'ok', 'ASN1_MALFORMED'],
	['an indefinite length on a primitive', '04 80 00 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['no end of contents', '30 80 02 01 05', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['an end of contents with contents', '30 80 00 01 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['an end of contents in a definite length', '30 02 00 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['octets after the element', '02 01 05 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['contents that go past what holds them', '30 03 04 05 61', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['five octets of length', '04 85 00 00 00 00 01 61', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['a length of 4 GiB', '04 84 ff ff ff ff', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['the reserved length octet', '04 ff 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['a high tag number', '1f 1f 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['a primitive SEQUENCE', '10 00', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['a constructed INTEGER', '22 03 02 01 05', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
	['nothing', '', 'ASN1_MALFORMED', 'ASN1_MALFORMED'],
] as const) {
	test(`${title}: ${ber} in BER, ${der} in DER`, (t) => {
		t.is(code(fromHex(octets), 'ber'), ber);
		t.is(code(fromHex(octets), 'der'), der);
	});
}

test('segments are joined, also nested and under an implicit tag', (t) => {
	const nested = readAsn1(fromHex('24 80 04 01 61 24 03 04 01 62 00 00'), 'ber', (root) => root.octetString());
	t.deepEqual(nested, {ok: true, value: fromHex('61 62')});
	const implicit = readAsn1(fromHex('a0 80 04 01 61 04 01 62 00 00'), 'ber', (root) => root.implicitOctetString(0));
	t.deepEqual(implicit, {ok: true, value: fromHex('61 62')});
	t.is(
		code(fromHex('24 03 02 01 05'), 'ber', (root) => root.octetString()),
		'ASN1_UNEXPECTED',
	);
});

test('an element gives back its octets as they were sent', (t) => {
	const octets = fromHex('30 80 31 81 03 02 01 05 00 00');
	const result = readAsn1(octets, 'ber', (root) => root.sequence().next(0x31).encoded);
	t.deepEqual(result, {ok: true, value: fromHex('31 81 03 02 01 05')});
});

for (const [title, octets, read] of [
	['a padded INTEGER', '02 02 00 05', (root: Asn1Element) => root.integer()],
	['an INTEGER without contents', '02 00', (root: Asn1Element) => root.integer()],
	['a negative INTEGER where a positive one belongs', '02 01 ff', (root: Asn1Element) => root.positiveInteger()],
	['zero where a positive INTEGER belongs', '02 01 00', (root: Asn1Element) => root.positiveInteger()],
	['an INTEGER of five octets as a small one', '02 05 01 00 00 00 00', (root: Asn1Element) => root.smallInteger()],
	['a BOOLEAN of 0x01', '01 01 01', (root: Asn1Element) => root.boolean()],
	['a NULL with contents', '05 01 00', (root: Asn1Element) => root.null()],
	['a BIT STRING with unused bits', '03 02 01 80', (root: Asn1Element) => root.bitStringOctets()],
	['a UTCTime without seconds', '17 0b 32 36 31 31 32 34 30 36 30 30 5a', (root: Asn1Element) => root.time()],
	['the 31st of February', `17 0d ${Buffer.from('260231060000Z').toString('hex')}`, (root: Asn1Element) => root.time()],
] as const) {
	test(`${title} is refused`, (t) => {
		t.is(code(fromHex(octets), 'ber', read), 'ASN1_MALFORMED');
	});
}

test('a cursor refuses a missing, a wrong and an unasked-for element', (t) => {
	const octets = derSequence(derOctetString(Uint8Array.of(1)));
	t.is(
		code(octets, 'der', (root) => root.sequence().end()),
		'ASN1_UNEXPECTED',
	);
	t.is(
		code(octets, 'der', (root) => root.sequence().next(0x02)),
		'ASN1_UNEXPECTED',
	);
	t.is(
		code(derSequence(), 'der', (root) => root.sequence().next()),
		'ASN1_MALFORMED',
	);
	t.is(
		code(octets, 'der', (root) => root.listOf(0x30, 0)),
		'ASN1_OVER_LIMIT',
	);
});

test('size, depth and count are bounded', (t) => {
	let nested: Uint8Array = derSequence();
	for (let depth = 1; depth < 24; depth++) {
		nested = derSequence(nested);
	}
	t.is(code(nested, 'der'), 'ok');
	t.is(code(derSequence(nested), 'der'), 'ASN1_OVER_LIMIT');
	t.is(code(new Uint8Array(200_000).fill(0x30), 'ber'), 'ASN1_MALFORMED');
	t.is(
		code(Uint8Array.from(Array.from({length: 200_000}, (_, index) => (index % 2 === 0 ? 0x30 : 0x80))), 'ber'),
		'ASN1_OVER_LIMIT',
	);
	t.is(code(derElement(0x04, new Uint8Array(600_000)), 'der'), 'ASN1_OVER_LIMIT');
	t.is(code(derSequence(...Array.from({length: 10_000}, () => derSequence())), 'der'), 'ASN1_OVER_LIMIT');
});

test('what the caller throws passes through', (t) => {
	t.throws(() => readAsn1(derSequence(), 'der', () => (undefined as unknown as Asn1Element).tag), {
		instanceOf: TypeError,
	});
});

/** Asks every element everything. */
function visit(element: Asn1Element): void {
	for (const child of element.children) {
		visit(child);
	}
	for (const ask of [
		() => element.objectIdentifier(),
		() => element.integer(),
		() => element.octetString(),
		() => element.implicitOctetString(0),
		() => element.bitStringOctets(),
		() => element.time(),
		() => element.boolean(),
		() => element.smallInteger(),
	]) {
		readAsn1<unknown>(element.encoded, 'ber', ask);
		try {
			ask();
		} catch (error) {
			if ((error as Error).constructor.name !== 'Asn1Fault') {
				throw error;
			}
		}
	}
}

testProp(
	'no octets make the reader throw',
	[fc.uint8Array({maxLength: 200}), fc.constantFrom('ber' as const, 'der' as const)],
	(t, octets, rules) => {
		t.notThrows(() => readAsn1(octets, rules, visit));
	},
	runs(2000),
);
