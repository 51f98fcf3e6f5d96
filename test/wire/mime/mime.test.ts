import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	canonicalLineEnds,
	decodeContent,
	decodeText,
	encodeBase64,
	entityOf,
	leafEntities,
	type MimeEntity,
	mimeHeader,
	parseContentDisposition,
	parseContentType,
	parseMimeEntity,
	parseMultipart,
	writeContentType,
	writeMimeEntity,
	writeMultipart,
} from '#dist/wire/mime/index.js';
import {parseSipMessage} from '#dist/wire/sip/index.js';
import {runs} from '../../profile.js';
import {fastestMs} from '../fastest-ms.js';
import {readShared, sharedPath, testWithShared} from '../shared-vectors.js';

function entity(text: string): MimeEntity {
	const parsed = parseMimeEntity(Buffer.from(text, 'latin1'));
	if (!parsed.ok) {
		throw new Error(parsed.failure.message);
	}

	return parsed.value;
}

function textOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString('latin1');
}

test('An entity is read, line ends of either kind, its body as it is', (t) => {
	const parsed = entity('Content-Type: text/plain;\r\n charset=utf-8\nX-A:  b \r\n\r\nbody\r\n\xff');
	t.deepEqual(parsed.headers, [
		{name: 'Content-Type', value: 'text/plain; charset=utf-8'},
		{name: 'X-A', value: 'b'},
	]);
	t.is(textOf(parsed.body), 'body\r\n\xff');
	t.is(mimeHeader(parsed, 'x-a'), 'b');
	t.is(textOf(entity('\r\nbody').body), 'body');
	t.is(textOf(writeMimeEntity(parsed)), 'Content-Type: text/plain; charset=utf-8\r\nX-A: b\r\n\r\nbody\r\n\xff');
});

for (const [title, text, code] of [
	['no empty line', 'A: b\r\n', 'MIME_HEADERS_UNFINISHED'],
	['a line without colon', 'hello\r\n\r\n', 'BAD_MIME_HEADER'],
	['a continuation of nothing', ' a: b\r\n\r\n', 'BAD_MIME_HEADER'],
	['NUL', 'A: \0\r\n\r\n', 'BAD_MIME_HEADER'],
	['a lone CR', 'A: b\rC: d\r\n\r\n', 'BAD_MIME_HEADER'],
	['two content types', 'Content-Type: a/b\r\ncontent-type: c/d\r\n\r\n', 'DUPLICATE_MIME_HEADER'],
	['other octets than UTF-8', 'A: \xe4\r\n\r\n', 'BAD_UTF8'],
	['129 header lines', `${'A: b\r\n'.repeat(129)}\r\n`, 'TOO_MANY_MIME_HEADERS'],
	['a head of 16 KiB and more', `A: ${'b'.repeat(17_000)}\r\n\r\n`, 'MIME_HEADERS_UNFINISHED'],
	['256 KiB and one', `\r\n${'x'.repeat(262_143)}`, 'MIME_TOO_LARGE'],
] as const) {
	test(`An entity with ${title} is refused as ${code}`, (t) => {
		const parsed = parseMimeEntity(Buffer.from(text, 'latin1'));
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
	});
}

test('A line end in a header to write is a caller’s mistake', (t) => {
	t.throws(() => writeMimeEntity({headers: [{name: 'A', value: 'b\r\nC: d'}], body: new Uint8Array()}), {
		instanceOf: TypeError,
	});
	t.throws(() => writeMimeEntity({headers: [{name: 'A b', value: 'c'}], body: new Uint8Array()}), {
		instanceOf: TypeError,
	});
});

const multipart = [
	'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="b 1"',
	'',
	'preamble',
	'--b 1x is not it',
	'--b 1 \t',
	'Content-Type: text/plain',
	'',
	'one',
	' --b 1',
	'--b 12',
	'',
	'--b 1',
	'',
	'two',
	'--b 1--',
	'epilogue',
].join('\r\n');

test('The parts of a multipart are cut at their exact octets', (t) => {
	const parsed = parseMultipart(entity(multipart));
	t.true(parsed.ok);
	if (parsed.ok) {
		const {preamble, parts, epilogue} = parsed.value;
		t.is(textOf(preamble), 'preamble\r\n--b 1x is not it');
		t.deepEqual(
			parts.map(({octets}) => textOf(octets)),
			['Content-Type: text/plain\r\n\r\none\r\n --b 1\r\n--b 12\r\n', '\r\ntwo'],
		);
		t.is(textOf(parts[0]?.body ?? new Uint8Array()), 'one\r\n --b 1\r\n--b 12\r\n');
		t.is(textOf(epilogue), 'epilogue');
	}
});

test('A multipart whose lines end in LF is cut too', (t) => {
	const parsed = parseMultipart(entity(multipart.replaceAll('\r\n', '\n')));
	t.deepEqual(parsed.ok && parsed.value.parts.map(({octets}) => textOf(octets)), [
		'Content-Type: text/plain\n\none\n --b 1\n--b 12\n',
		'\ntwo',
	]);
});

for (const [title, text, code] of [
	['no closing delimiter', multipart.replace('--b 1--', '--b 1-'), 'MULTIPART_UNFINISHED'],
	['no part', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n', 'MULTIPART_UNFINISHED'],
	['no boundary', 'Content-Type: multipart/mixed\r\n\r\n--\r\n\r\n----', 'BAD_BOUNDARY'],
	['a boundary that ends in a blank', multipart.replace('"b 1"', '"b "'), 'BAD_BOUNDARY'],
	['a boundary of 71', multipart.replace('"b 1"', 'b'.repeat(71)), 'BAD_BOUNDARY'],
	['another type', multipart.replace('multipart/signed', 'text/plain'), 'NOT_MULTIPART'],
	['an encoding', multipart.replace('\r\n', '\r\nContent-Transfer-Encoding: base64\r\n'), 'UNKNOWN_TRANSFER_ENCODING'],
	['a part without empty line', multipart.replace('\r\n\r\ntwo', '\r\ntwo'), 'MIME_HEADERS_UNFINISHED'],
	[
		'33 parts',
		`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n\r\n'.repeat(33)}--b--`,
		'TOO_MANY_PARTS',
	],
] as const) {
	test(`A multipart with ${title} is refused as ${code}`, (t) => {
		const parsed = parseMultipart(entity(text));
		t.is(parsed.ok ? 'ok' : parsed.failure.code, code);
	});
}

function nested(depth: number): Buffer {
	if (depth === 0) {
		return Buffer.from('Content-Type: text/plain\r\n\r\nleaf');
	}

	const boundary = `b${depth}.`;
	const body = writeMultipart([nested(depth - 1), Buffer.from('\r\nsibling')], boundary);
	return writeMimeEntity({headers: [{name: 'Content-Type', value: `multipart/mixed; boundary="${boundary}"`}], body});
}

test('The leaves of nested multiparts come out in order, four levels deep at most', (t) => {
	const leaves = leafEntities(entity(nested(4).toString('latin1')));
	t.deepEqual(leaves.ok && leaves.value.map(({body}) => textOf(body)), [
		'leaf',
		'sibling',
		'sibling',
		'sibling',
		'sibling',
	]);
	const deeper = leafEntities(entity(nested(5).toString('latin1')));
	t.is(deeper.ok ? 'ok' : deeper.failure.code, 'NESTED_TOO_DEEP');
	t.is(leafEntities(entity('\r\nx')).ok, true);
});

testProp(
	'Parts survive writing and reading octet for octet',
	[fc.array(fc.uint8Array({maxLength: 80}), {minLength: 1, maxLength: 5})],
	(t, bodies) => {
		const parts = bodies.map((body) => writeMimeEntity({headers: [], body}));
		const body = writeMultipart(parts, 'a-boundary');
		const parsed = parseMultipart({
			headers: [{name: 'Content-Type', value: 'multipart/mixed; boundary=a-boundary'}],
			body,
		});
		t.deepEqual(parsed.ok && parsed.value.parts.map((part) => Buffer.from(part.octets)), parts);
		t.deepEqual(
			parsed.ok && parsed.value.parts.map((part) => Buffer.from(part.body)),
			bodies.map((octets) => Buffer.from(octets)),
		);
	},
);

test('A boundary that a part contains is refused', (t) => {
	t.throws(() => writeMultipart([Buffer.from('\r\nx --b y')], 'b'), {instanceOf: RangeError});
	t.throws(() => writeMultipart([], 'b'), {instanceOf: RangeError});
	t.throws(() => writeMultipart([Buffer.from('\r\n')], 'b\r\n'), {instanceOf: RangeError});
});

test('Transfer encodings are undone', (t) => {
	const content = (encoding: string, body: string) => {
		const decoded = decodeContent(entity(`Content-Transfer-Encoding: ${encoding}\r\n\r\n${body}`));
		return decoded.ok ? textOf(decoded.value) : decoded.failure.code;
	};
	t.is(content('binary', 'a\0\xff'), 'a\0\xff');
	t.is(content('BASE64', 'SGVs\r\n bG8=\r\n'), 'Hello');
	t.is(content('base64', 'SGVsbG8'), 'BAD_TRANSFER_ENCODING');
	t.is(content('base64', 'SGVs*bG8='), 'BAD_TRANSFER_ENCODING');
	t.is(content('quoted-printable', 'a=3D=e4 \t\r\nb= \r\nc=\nd  '), 'a=\xe4\r\nbcd');
	t.is(content('quoted-printable', 'a=3'), 'BAD_TRANSFER_ENCODING');
	t.is(content('quoted-printable', 'a=zz'), 'BAD_TRANSFER_ENCODING');
	t.is(content('quoted-printable', 'a\xe4'), 'BAD_TRANSFER_ENCODING');
	t.is(content('x-uuencode', 'a'), 'UNKNOWN_TRANSFER_ENCODING');
	t.is(textOf(encodeBase64(Buffer.alloc(58))), `${'A'.repeat(76)}\r\nAA==\r\n`);
});

test('Text is checked against its charset', (t) => {
	const text = (charset: string, body: string) => {
		const decoded = decodeText(entity(`Content-Type: text/plain${charset}\r\n\r\n${body}`));
		return decoded.ok ? decoded.value : decoded.failure.code;
	};
	t.is(text('', '\xc3\xa4'), 'ä');
	t.is(text('; charset="UTF-8"', '\xe4'), 'BAD_UTF8');
	t.is(text('; charset=us-ascii', '\xc3\xa4'), 'BAD_UTF8');
	t.is(text('; charset=utf-7', '+AOQ-'), 'UNKNOWN_CHARSET');
});

test('Line ends are brought to CRLF', (t) => {
	t.is(textOf(canonicalLineEnds(Buffer.from('a\nb\r\nc\rd\r\n\n'))), 'a\r\nb\r\nc\r\nd\r\n\r\n');
});

test('Content types and dispositions are read', (t) => {
	const type = parseContentType('Application/PKCS7-MIME ; smime-type=authEnveloped-data;name="a;b"');
	t.is(type.ok && writeContentType(type.value), 'application/pkcs7-mime;smime-type=authEnveloped-data;name="a;b"');
	for (const value of ['', 'text', 'text/', '/plain', 'text/plain; a', 'text/plain; a=b; A=c', 'text/plain, x/y']) {
		t.is(parseContentType(value).ok, value === 'text/plain; a', value);
	}

	const handling = (value: string) => {
		const disposition = parseContentDisposition(value);
		return disposition.ok ? `${disposition.value.disposition} ${disposition.value.handling}` : disposition.failure.code;
	};
	t.is(handling('Session'), 'session required');
	t.is(handling('render; handling=Optional'), 'render optional');
	t.is(handling('attachment; filename="x"; handling=required'), 'attachment required');
	t.is(handling(';x'), 'BAD_CONTENT_DISPOSITION');
});

const signedFile = 'ok-multipart-signed.sip';
const signedCase = readShared<Index>('sipsmime', 'expected.json')?.cases.find(({file}) => file === signedFile);
const withSigned = testWithShared(['sipsmime', 'expected.json']);

withSigned('The signed part of a message is the octets that its signer hashed', (t) => {
	const message = parseSipMessage(readFileSync(sharedPath('sipsmime', signedFile)));
	const parsed = message.ok ? parseMultipart(entityOf(message.value)) : message;
	t.true(parsed.ok);
	if (parsed.ok) {
		t.is(
			createHash('sha256')
				.update(parsed.value.parts[0]?.octets ?? '')
				.digest('hex'),
			String(signedCase?.innerSdpSha256),
		);
	}
});

type Index = {readonly cases: readonly {readonly file: string; readonly innerSdpSha256?: string}[]};

function digest(octets: Uint8Array): void {
	const parsed = parseMimeEntity(octets);
	if (parsed.ok) {
		parseMultipart(parsed.value);
		leafEntities(parsed.value);
		decodeContent(parsed.value);
		decodeText(parsed.value);
		canonicalLineEnds(parsed.value.body);
	}
}

testProp(
	'Mutated entities never throw',
	[fc.nat(), fc.nat(255), fc.nat(20)],
	(t, place, code, length) => {
		const at = place % multipart.length;
		digest(Buffer.from(multipart.slice(0, at) + String.fromCharCode(code) + multipart.slice(at + length), 'latin1'));
		t.pass();
	},
	runs(1000),
);

const typed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
for (const [title, text] of [
	['boundaries in a row', `${typed}${'--b'.repeat(87_000)}`],
	['delimiters', `${typed}${'--b\r\n'.repeat(52_000)}`],
	['blanks after a boundary', `${typed}--b${' '.repeat(260_000)}`],
	['blanks of quoted-printable', `Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(260_000)}x`],
	['equals signs and blanks', `Content-Transfer-Encoding: quoted-printable\r\n\r\n${'=\n'.repeat(130_000)}`],
	['blanks in base64', `Content-Transfer-Encoding: base64\r\n\r\n${' A'.repeat(130_000)}`],
	['folded lines', `A: b\r\n${' c\r\n'.repeat(60_000)}`],
] as const) {
	test(`256 KiB of ${title} are done with in bounded time`, (t) => {
		const octets = Buffer.from(text, 'latin1');
		t.true(fastestMs(() => digest(octets)) < 400);
	});
}
